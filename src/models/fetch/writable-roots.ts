import type { Actor } from '../../operation/permission.ts'
import type { ModelRoot } from '../root.ts'
import { isWithin } from '../roots/join-roots.ts'
import { realPathOf } from '../roots/look.ts'

/** Of the folders that a caller names to look in, those that new files may go to for this caller. */
export type WritableRoots = (named: readonly string[], actor: Actor) => Promise<readonly string[]>

export interface WritableRootsDeps {
  /** The folders that `named` means; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
}

/**
 * The owner may name any. What callers with a token may read is not for writing: of theirs those count that lie, with all
 * folders that they stand for, within the model folders of this host.
 */
export function createWritableRoots({ rootsOf }: WritableRootsDeps): WritableRoots {
  return async (named, actor) => {
    if (named.length === 0 || actor.kind === 'owner') return named
    const own = await realsOf(await rootsOf([]))
    const isOwn = (real: string): boolean => own.some((root) => real === root || isWithin(real, root))
    const may: string[] = []
    for (const folder of named) {
      const meant = await realsOf(await rootsOf([folder]))
      if ([await realPathOf(folder), ...meant].every(isOwn)) may.push(folder)
    }
    return may
  }
}

const realsOf = (roots: readonly ModelRoot[]): Promise<readonly string[]> =>
  Promise.all(roots.map(({ path }) => realPathOf(path)))
