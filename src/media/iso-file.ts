import type { ByteSource } from './byte-source.ts'
import type { Inflater } from './inflater.ts'
import type { BoxWalker, IsoBox } from './iso-boxes.ts'
import type { TextCollector } from './text-collector.ts'

/** One file of boxes while it is read. */
export interface IsoFile {
  /** With what places begin: `mp4`. */
  readonly name: string
  readonly source: ByteSource
  readonly walker: BoxWalker
  readonly into: TextCollector
  readonly inflate: Inflater
}

/** Boxes inside a box, behind `skipBytes` of fields. */
export const boxesIn = (file: IsoFile, box: IsoBox, skipBytes = 0): Generator<IsoBox> =>
  file.walker.boxes({ start: box.bodyStart + skipBytes, end: box.end })

/** What a box holds behind `skipBytes` of fields, where it is whole and within the limits. */
export function bodyOf(file: IsoFile, place: string, box: IsoBox, skipBytes = 0): Uint8Array | undefined {
  const start = box.bodyStart + skipBytes
  const length = box.end - start
  if (box.cutOff || length <= 0 || !file.into.fits(place, length)) return undefined
  const body = file.source.read(start, length)
  return body.length === length ? body : undefined
}

/** For fields of fixed size at the beginning of a box; undefined where it is shorter. */
export function fieldsOf(file: IsoFile, box: IsoBox, length: number): DataView | undefined {
  if (box.end - box.bodyStart < length) return undefined
  const bytes = file.source.read(box.bodyStart, length)
  return bytes.length === length ? new DataView(bytes.buffer, bytes.byteOffset, length) : undefined
}
