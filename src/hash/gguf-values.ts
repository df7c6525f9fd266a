import { type GgufCursor, GgufStop } from './gguf-cursor.ts'

/** Numbers of the types of values that are not a plain number. */
const BOOL = 7
const STRING = 8
const ARRAY = 9

/** Bytes of a number by its type. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [BOOL, 1],
  [10, 8],
  [11, 8],
  [12, 8],
])

const MAX_KEY_BYTES = 65_535
const MAX_KEPT_ENTRIES = 512
const MAX_KEPT_KEY_CHARS = 200
const MAX_KEPT_TEXT_BYTES = 4096
const MAX_KEPT_ELEMENTS = 32
const MAX_NESTING = 4

/** ComfyUI's gguf files keep the shape of tensors that ggml has no dimensions for under this. */
const SHAPE_KEY = 'comfy.gguf.orig_shape.'

export interface GgufValues {
  /** Reads a key and its value; what is long is stepped over. @throws GgufStop */
  readEntry(): void
  /** @throws GgufStop also where it has more than `maxBytes` */
  text(maxBytes: number): string
  metadata(): Readonly<Record<string, string>>
  originalShape(tensor: string): readonly number[] | undefined
}

/** The metadata of a gguf: `count` reads lengths, which have 4 bytes in version 1 and 8 since. */
export function createGgufValues(cursor: GgufCursor, count: () => number, littleEndian: boolean): GgufValues {
  const kept = new Map<string, string>()
  const decoder = new TextDecoder()

  function text(maxBytes: number): string {
    const length = count()
    if (length > maxBytes) throw new GgufStop(`the header has a name of ${length} bytes`, false)
    return decoder.decode(cursor.bytes(length))
  }

  /** The text, or undefined where it is long. */
  function shortText(): string | undefined {
    const length = count()
    if (length <= MAX_KEPT_TEXT_BYTES) return decoder.decode(cursor.bytes(length))
    cursor.skip(length)
    return undefined
  }

  function value(type: number, nesting: number): string | undefined {
    if (type === STRING) return shortText()
    if (type === ARRAY) return list(nesting)
    const size = SIZES.get(type)
    if (size === undefined) throw new GgufStop(`the header has a value of the unknown type ${type}`, false)
    return number(cursor.bytes(size), type, littleEndian)
  }

  function list(nesting: number): string | undefined {
    const type = cursor.u32()
    const length = count()
    if (nesting >= MAX_NESTING) throw new GgufStop('the header has lists in lists in lists', false)
    const size = SIZES.get(type)
    if (size !== undefined && length > MAX_KEPT_ELEMENTS) {
      cursor.skip(length * size)
      return undefined
    }
    if (size === undefined && type !== STRING && type !== ARRAY) {
      throw new GgufStop(`the header has a list of the unknown type ${type}`, false)
    }
    const elements: string[] = []
    for (let index = 0; index < length; index += 1) {
      if (type === STRING && index >= MAX_KEPT_ELEMENTS) cursor.skip(count())
      else {
        const element = value(type, nesting + 1)
        if (element !== undefined && elements.length < MAX_KEPT_ELEMENTS) elements.push(element)
      }
    }
    return length > MAX_KEPT_ELEMENTS ? undefined : elements.join(', ')
  }

  return {
    readEntry() {
      const key = text(MAX_KEY_BYTES)
      const read = value(cursor.u32(), 0)
      if (read !== undefined && kept.size < MAX_KEPT_ENTRIES && key.length <= MAX_KEPT_KEY_CHARS) kept.set(key, read)
    },
    text,
    metadata: () => Object.fromEntries(kept),
    originalShape(tensor) {
      const shape = kept.get(`${SHAPE_KEY}${tensor}`)?.split(', ').map(Number)
      return shape?.every((size) => Number.isSafeInteger(size)) ? shape : undefined
    },
  }
}

function number(bytes: DataView, type: number, littleEndian: boolean): string {
  switch (type) {
    case 0:
      return String(bytes.getUint8(0))
    case 1:
      return String(bytes.getInt8(0))
    case 2:
      return String(bytes.getUint16(0, littleEndian))
    case 3:
      return String(bytes.getInt16(0, littleEndian))
    case 4:
      return String(bytes.getUint32(0, littleEndian))
    case 5:
      return String(bytes.getInt32(0, littleEndian))
    case 6:
      return String(bytes.getFloat32(0, littleEndian))
    case BOOL:
      return String(bytes.getUint8(0) !== 0)
    case 10:
      return String(bytes.getBigUint64(0, littleEndian))
    case 11:
      return String(bytes.getBigInt64(0, littleEndian))
    default:
      return String(bytes.getFloat64(0, littleEndian))
  }
}
