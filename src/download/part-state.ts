import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { writeAtomic } from '../lib/files.ts'
import { newStatePathOf } from './part-files.ts'
import type { ExpectedFile } from './request.ts'

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const digest = v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)))

/**
 * What is known of a `.part` after a crash. Holds no address and no token: sources are opened again. The hash's state has
 * up to 63 bytes of the file in it.
 */
const partStateSchema = v.pipe(
  v.object({
    version: v.literal(1),
    created_at: v.string(),
    size_bytes: v.nullable(bytes),
    /** What the file had to be when these bytes were fetched. */
    sha256: digest,
    tensor_sha256: digest,
    /** Which bytes each source had, by its id; null where it does not say. */
    validators: v.record(v.string(), v.nullable(v.string())),
    /** Bytes that a completed fdatasync covers: ascending, apart from each other. */
    intervals: v.array(v.tuple([bytes, bytes])),
    /** Of a SHA-256 over the first `offset` bytes, base64. */
    hash: v.nullable(v.object({ offset: bytes, state: v.pipe(v.string(), v.base64()) })),
  }),
  v.check(({ intervals, size_bytes }) => {
    let at = -1
    for (const [begin, end] of intervals) {
      if (begin <= at || end <= begin) return false
      at = end
    }
    return size_bytes === null || at <= size_bytes
  }, 'Intervals in their order, within the file'),
)

export type PartState = v.InferOutput<typeof partStateSchema>

/** Larger ones were not written by this program. */
const MAX_STATE_BYTES = 4 * 2 ** 20

/** Undefined for a file that is missing, unreadable or damaged: nothing of the part is trusted then. */
export async function readPartState(path: string): Promise<PartState | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > MAX_STATE_BYTES) return undefined
    const read = v.safeParse(partStateSchema, JSON.parse(text))
    return read.success ? read.output : undefined
  } catch {
    return undefined
  }
}

export const writePartState = (path: string, state: PartState): Promise<void> =>
  writeAtomic(path, `${JSON.stringify(state)}\n`, { temporary: newStatePathOf(path) })

/** The notes, as far as they may be believed: undefined where they are of another file, or claim more than there is. */
export function trustedState(
  state: PartState | undefined,
  expected: ExpectedFile,
  partBytes: number,
): PartState | undefined {
  if (state === undefined) return undefined
  const differs = (now: string | number | undefined, then: string | number | null): boolean =>
    now !== undefined && then !== null && now !== then
  if (differs(expected.sizeBytes, state.size_bytes)) return undefined
  if (differs(expected.sha256, state.sha256) || differs(expected.tensorSha256, state.tensor_sha256)) return undefined
  if (partBytes < (state.intervals.at(-1)?.[1] ?? 0)) return undefined
  const prefix = state.intervals[0]?.[0] === 0 ? state.intervals[0][1] : 0
  return state.hash !== null && state.hash.offset > prefix ? { ...state, hash: null } : state
}
