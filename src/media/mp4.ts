import type { Container } from './container.ts'
import { brandsOf } from './iso-brands.ts'
import { readIsoMedia } from './iso-media.ts'
import { decodeLatin1 } from './text.ts'

/**
 * MP4, M4V, MOV and their kin. Also what its brands call something else that no other container knows: boxes are boxes.
 * So it is to be asked after avif, heic and jxl.
 */
export const mp4: Container = {
  name: 'mp4',
  matches: (head) => brandsOf(head) !== undefined || isOldQuickTime(head),
  read: (source, limits) => readIsoMedia('mp4', ['moov', 'meta'], source, limits),
}

/** With what QuickTime files began before there was `ftyp`. */
const FIRST_TYPES = new Set(['moov', 'mdat', 'wide', 'pnot', 'skip', 'free'])

const isOldQuickTime = (head: Uint8Array): boolean =>
  head.length >= 16 && (head[0] ?? 0) < 0x20 && FIRST_TYPES.has(decodeLatin1(head.subarray(4, 8)))
