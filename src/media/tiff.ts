/** One field of a TIFF structure whose value is bytes. */
export interface TiffField {
  readonly tag: number
  readonly type: number
  readonly value: Uint8Array
}

export interface TiffReading {
  wants(tag: number): boolean
  /** What was wrong, with a field where there is one. */
  problem(reason: string, tag?: number): void
}

/** Types of fields whose values are bytes (TIFF 6.0, Exif 3.0). All others are numbers, and no texts. */
export const BYTE = 1
export const ASCII = 2
export const UNDEFINED = 7
export const UTF8 = 129

const BYTES: ReadonlySet<number> = new Set([BYTE, ASCII, UNDEFINED, UTF8])

const EXIF_IFD = 0x8769
/** Cameras write up to about a hundred. */
const MAX_FIELDS = 1000

/** The wanted fields that are bytes, of the first directory and of the Exif directory below it, each tag once a directory. */
export function* readTiff(data: Uint8Array, reading: TiffReading): Generator<TiffField> {
  const mark = data[0]
  const little = mark === 0x49
  if (data.length < 8 || (!little && mark !== 0x4d) || data[1] !== mark)
    return reading.problem('it is no TIFF structure')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (view.getUint16(2, little) !== 42) return reading.problem('it is no TIFF structure')
  const first = view.getUint32(4, little)
  const second = yield* readDirectory(view, first, little, reading)
  // A directory that says it is its own child has been read.
  if (second !== undefined && second !== first) yield* readDirectory(view, second, little, reading)
}

/** Returns where the Exif directory is, if this one says so. */
function* readDirectory(
  view: DataView,
  offset: number,
  little: boolean,
  reading: TiffReading,
): Generator<TiffField, number | undefined> {
  if (offset < 8 || offset + 2 > view.byteLength) {
    reading.problem('a directory of it lies outside the data')
    return undefined
  }
  const count = view.getUint16(offset, little)
  const fits = Math.floor((view.byteLength - offset - 2) / 12)
  if (count > fits) reading.problem('it ends inside a directory')
  else if (count > MAX_FIELDS) reading.problem(`it has more than ${MAX_FIELDS} fields`)
  let child: number | undefined
  const seen = new Set<number>()
  for (let index = 0; index < Math.min(count, fits, MAX_FIELDS); index += 1) {
    const at = offset + 2 + index * 12
    const tag = view.getUint16(at, little)
    if (tag === EXIF_IFD) child ??= view.getUint32(at + 8, little)
    if (seen.has(tag) || !reading.wants(tag)) continue
    seen.add(tag)
    const field = readField(view, at, tag, little, reading)
    if (field !== undefined) yield field
  }
  return child
}

function readField(
  view: DataView,
  at: number,
  tag: number,
  little: boolean,
  reading: TiffReading,
): TiffField | undefined {
  const type = view.getUint16(at + 2, little)
  const lengthBytes = view.getUint32(at + 4, little)
  if (lengthBytes === 0 || !BYTES.has(type)) return undefined
  // Values of up to four bytes stand where the offset would.
  const start = lengthBytes <= 4 ? at + 8 : view.getUint32(at + 8, little)
  if (start >= view.byteLength) {
    reading.problem('its value lies outside the data', tag)
    return undefined
  }
  if (start + lengthBytes > view.byteLength) {
    reading.problem('its value is cut off', tag)
    return undefined
  }
  return { tag, type, value: new Uint8Array(view.buffer, view.byteOffset + start, lengthBytes) }
}
