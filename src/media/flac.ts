import type { ByteSource } from './byte-source.ts'
import type { Container } from './container.ts'
import { decodeLatin1 } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { readVorbisComment } from './vorbis-comment.ts'
import { windowedSource } from './windowed-source.ts'

/** FLAC: the Vorbis comment among the blocks in front of the sound. */
export const flac: Container = {
  name: 'flac',
  matches: (head) => isFlac(head),
  read(source, limits) {
    const into = createTextCollector(limits)
    readFlac(source, 0, into)
    return into.content()
  },
}

/** Whether bytes begin with FLAC's own marker. */
export const isFlac = (bytes: Uint8Array): boolean => decodeLatin1(bytes.subarray(0, 4)) === 'fLaC'

const VORBIS_COMMENT = 4
/** Of 128 kinds, seven are defined, and pictures may come several times. */
const MAX_BLOCKS = 1000

/** Reads the blocks behind the marker at `start` (RFC 9639, 8). */
export function readFlac(source: ByteSource, start: number, into: TextCollector): void {
  const windowed = windowedSource(source)
  let offset = start + 4
  for (let count = 0; count < MAX_BLOCKS; count += 1) {
    const head = windowed.read(offset, 4)
    if (head.length < 4) {
      into.warn('flac', 'the file ends before its sound')
      return
    }
    const fields = new DataView(head.buffer, head.byteOffset, 4).getUint32(0)
    const length = fields & 0xffffff
    const end = offset + 4 + length
    if (end > source.sizeBytes) {
      into.warn('flac', 'the file ends inside a block of metadata')
      return
    }
    if (((fields >>> 24) & 0x7f) === VORBIS_COMMENT && into.fits('flac:tag', length)) {
      readVorbisComment(windowed.read(offset + 4, length), 'flac', into)
    }
    if (fields >>> 31 === 1) return
    offset = end
  }
  into.warn('flac', `it has more than ${MAX_BLOCKS} blocks of metadata`)
}
