import { type Clock, toIso } from '../lib/clock.ts'
import type { Interval } from './intervals.ts'
import { dropPartState, statePathOf } from './part-files.ts'
import { type PartState, writePartState } from './part-state.ts'
import type { ExpectedFile } from './request.ts'
import type { SavedHash } from './running-hash.ts'

/** What the next run may believe of a part. */
export interface PartNotes {
  /** Which bytes each source has, by its id; null where it does not say. */
  readonly validators: Map<string, string | null>
  /** Behind the last byte that they vouch for. */
  end(): number
  /** The bytes have to be on the disk. A hash of more than is there without a gap is not noted; without one the last stays. */
  write(intervals: readonly Interval[], sizeBytes: number | undefined, hash: SavedHash | undefined): Promise<void>
  /** Forgets all of it, on the disk first. */
  clear(): Promise<void>
}

/** @param known of an earlier run */
export function createPartNotes(
  partPath: string,
  expected: ExpectedFile,
  known: PartState | undefined,
  clock: Clock,
): PartNotes {
  const validators = new Map(Object.entries(known?.validators ?? {}))
  let createdAt = known?.created_at ?? toIso(clock.now())
  let noted = known?.hash ?? null
  let end = known?.intervals.at(-1)?.[1] ?? 0

  return {
    validators,
    end: () => end,
    async write(intervals, sizeBytes, hash) {
      const [first] = intervals
      const prefix = first?.[0] === 0 ? first[1] : 0
      if (hash !== undefined && hash.offset <= prefix) {
        noted = { offset: hash.offset, state: Buffer.from(hash.state).toString('base64') }
      }
      await writePartState(statePathOf(partPath), {
        version: 1,
        created_at: createdAt,
        size_bytes: sizeBytes ?? null,
        sha256: expected.sha256 ?? null,
        tensor_sha256: expected.tensorSha256 ?? null,
        validators: Object.fromEntries(validators),
        intervals: intervals.map(([from, to]) => [from, to]),
        hash: noted,
      })
      end = intervals.at(-1)?.[1] ?? 0
    },
    async clear() {
      await dropPartState(partPath)
      validators.clear()
      createdAt = toIso(clock.now())
      noted = null
      end = 0
    },
  }
}
