/** Bytes of a representation: `end` is the first that no longer belongs to them. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * What a Range header asks for (RFC 9110, 14.1.2 and 14.2). `whole`: there is none, or one that is to be ignored, since
 * its unit is unknown or it is malformed. `several`: more than one range.
 */
export type AskedRange =
  | { readonly kind: 'whole' | 'unsatisfiable' | 'several' }
  | ({ readonly kind: 'part' } & ByteRange)

const WHOLE = { kind: 'whole' } as const
const UNSATISFIABLE = { kind: 'unsatisfiable' } as const

export function parseRange(header: string | null, sizeBytes: number): AskedRange {
  const set = /^bytes=(.*)$/i.exec(header?.trim() ?? '')?.[1]
  if (set === undefined) return WHOLE
  // Lists may hold empty elements (RFC 9110, 5.6.1.2).
  const specs = set
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  const parsed = specs.map((spec) => /^(\d*)-(\d*)$/.exec(spec))
  const [only] = parsed
  if (only === undefined || parsed.some((match) => !isRangeSpec(match))) return WHOLE
  if (parsed.length > 1) return { kind: 'several' }
  const [, first = '', last = ''] = only ?? []
  if (first === '') return suffix(Number(last), sizeBytes)
  const start = Number(first)
  if (start >= sizeBytes) return UNSATISFIABLE
  return { kind: 'part', start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
}

function isRangeSpec(match: RegExpExecArray | null): boolean {
  const [, first = '', last = ''] = match ?? []
  if (first === '') return last !== ''
  return last === '' || Number(first) <= Number(last)
}

function suffix(length: number, sizeBytes: number): AskedRange {
  if (length === 0) return UNSATISFIABLE
  // Content-Range has no words for a part of nothing.
  if (sizeBytes === 0) return WHOLE
  return { kind: 'part', start: Math.max(0, sizeBytes - length), end: sizeBytes }
}
