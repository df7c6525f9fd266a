import type { ByteSource } from './byte-source.ts'

/** One element of a Matroska file (RFC 8794). */
export interface EbmlElement {
  /** With its length marker, as specifications write it: 0x1a45dfa3. */
  readonly id: number
  readonly start: number
  readonly bodyStart: number
  /** Never behind the end of what it lies in. */
  readonly end: number
  /** Written while its length was not known: it ends where something begins that cannot be inside of it. */
  readonly unknownSize: boolean
  /** Its size says more than there is. */
  readonly cutOff: boolean
}

/** Four bytes of an id and eight of a size. */
const MAX_HEAD_BYTES = 12

/** The element that begins at `offset`, with its head only; undefined where none does. */
export function readElement(source: ByteSource, offset: number, parentEnd: number): EbmlElement | undefined {
  const head = source.read(offset, Math.max(0, Math.min(MAX_HEAD_BYTES, parentEnd - offset)))
  const idBytes = Math.clz32(head[0] ?? 0) - 23
  const sizeBytes = Math.clz32(head[idBytes] ?? 0) - 23
  if (idBytes > 4 || sizeBytes > 8 || idBytes + sizeBytes > head.length) return undefined
  const bodyStart = offset + idBytes + sizeBytes
  const size = sizeIn(head.subarray(idBytes, idBytes + sizeBytes))
  const wantedEnd = size === undefined ? parentEnd : bodyStart + size
  return {
    id: uint(head.subarray(0, idBytes)),
    start: offset,
    bodyStart,
    end: Math.min(wantedEnd, parentEnd),
    unknownSize: size === undefined,
    cutOff: wantedEnd > parentEnd,
  }
}

/** The elements inside one of known size; ends quietly where there is none. */
export function* elementsIn(source: ByteSource, parent: EbmlElement): Generator<EbmlElement> {
  let offset = parent.bodyStart
  while (offset < parent.end) {
    const element = readElement(source, offset, parent.end)
    if (element === undefined) return
    yield element
    offset = element.end
  }
}

/** Fields of one track or one entry. */
const MAX_FIELDS = 100

export function fieldsIn(source: ByteSource, parent: EbmlElement): EbmlElement[] {
  const fields: EbmlElement[] = []
  for (const field of elementsIn(source, parent)) {
    if (fields.push(field) === MAX_FIELDS) break
  }
  return fields
}

/** The fields of an element that can be numbers. */
export const numbersIn = (source: ByteSource, parent: EbmlElement): ReadonlyMap<number, number> =>
  new Map(
    fieldsIn(source, parent)
      .filter(({ bodyStart, end }) => end - bodyStart <= 8)
      .map(({ id, bodyStart, end }) => [id, uint(source.read(bodyStart, end - bodyStart))]),
  )

/** Bytes as an unsigned number, the most significant one first. */
const uint = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0)

/** All bits set say that the size was not known. */
function sizeIn(bytes: Uint8Array): number | undefined {
  const marker = 2 ** (8 - bytes.length)
  const first = (bytes[0] ?? 0) - marker
  const rest = bytes.subarray(1)
  if (first === marker - 1 && rest.every((byte) => byte === 0xff)) return undefined
  return rest.reduce((value, byte) => value * 256 + byte, first)
}
