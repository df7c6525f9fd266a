import { crc32, deflateSync } from 'node:zlib'

/** Media that are small, valid and, unless told otherwise, different each time. */

let seed = 0
const next = (): number => ++seed

export interface PngOptions {
  /** Same seed, same bytes. */
  readonly seed?: number
  /** `tEXt` chunks by keyword. */
  readonly text?: Readonly<Record<string, string>>
}

/** A PNG of one pixel. */
export function aPng({ seed: wanted = next(), text = {} }: PngOptions = {}): Uint8Array {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0])
  const pixel = deflateSync(Buffer.from([0, wanted & 255, (wanted >> 8) & 255, (wanted >> 16) & 255]))
  const texts = Object.entries(text).map(([key, value]) => chunk('tEXt', Buffer.from(`${key}\0${value}`, 'latin1')))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...texts,
    chunk('IDAT', pixel),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

export interface Mp4Options {
  readonly seed?: number
  /** Bytes of its data; 64 by default. */
  readonly sizeBytes?: number
}

/** What begins like an MP4 and holds nothing that plays. */
export function anMp4({ seed: wanted = next(), sizeBytes = 64 }: Mp4Options = {}): Uint8Array {
  const data = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 4)
    data.writeUInt32BE((wanted * 2_654_435_761 + at) % 2 ** 32, Math.min(at, sizeBytes - 4))
  return Buffer.concat([box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2avc1mp41', 'latin1')), box('mdat', data)])
}

function box(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length + 8)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, data])
}
