import { isProven } from './judge-file.ts'
import { movePart } from './move-part.ts'
import { partPathOf, statePathOf } from './part-files.ts'
import { readPartState, trustedState } from './part-state.ts'
import { placeFiles } from './place-files.ts'
import type { ExpectedFile } from './request.ts'

export interface NewcomerFile {
  /** Its final name; where something has that, nothing is moved. */
  readonly target: string
  readonly expected: ExpectedFile
  /** Ids of those that it is to come from. */
  readonly sources: readonly string[]
}

/** Names that are tried; beyond that the bytes of the other are lost, as those of a file that nobody knows. */
const MOST_TRIES = 10

/**
 * What a download that was stopped has left under a name is not overwritten by that of another file: it goes to the next
 * free name, where the one that has left it looks too as soon as its first name is taken.
 * @param nextFree gives another free final name each time
 */
export async function makeWay(newcomer: NewcomerFile, nextFree: () => Promise<string>): Promise<void> {
  if ((await placeFiles.look(newcomer.target)) !== undefined || !(await isOfAnother(newcomer))) return
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const other = await nextFree()
    const part = partPathOf(other)
    const taken = await Promise.all([part, statePathOf(part)].map(placeFiles.look))
    if (taken.every((each) => each === undefined)) return movePart(newcomer.target, other)
  }
}

/** The notes say so; without a digest only where the bytes came from tells. */
async function isOfAnother({ target, expected, sources }: NewcomerFile): Promise<boolean> {
  const state = await readPartState(statePathOf(partPathOf(target)))
  if (state === undefined || state.intervals.length === 0) return false
  if (trustedState(state, expected, Number.POSITIVE_INFINITY) === undefined) return true
  return !isProven(expected) && !sources.some((id) => id in state.validators)
}
