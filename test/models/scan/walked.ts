import type { ModelRoot } from '../../../src/models/root.ts'
import { createComparison } from '../../../src/models/scan/comparison.ts'
import { walkModelFolders } from '../../../src/models/scan/walk.ts'
import type { WalkedFile, WalkProblem } from '../../../src/models/scan/walked-file.ts'

export interface Walked {
  readonly files: readonly WalkedFile[]
  readonly unreadable: readonly WalkProblem[]
  readonly skipped: readonly WalkProblem[]
}

export const rootAt = (path: string, more: Partial<ModelRoot> = {}): ModelRoot => ({
  path,
  type: undefined,
  layout: 'folder',
  ...more,
})

/** Everything that a walk of these roots finds, by path; nothing is stored yet. */
export function walked(...roots: readonly (string | ModelRoot)[]): Walked {
  const walk = walkModelFolders({
    roots: roots.map((root) => (typeof root === 'string' ? rootAt(root) : root)),
    onStep() {},
  })
  const files = createComparison(walk).changed(Number.MAX_SAFE_INTEGER)
  const { unreadable, skipped } = walk
  return { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), unreadable, skipped }
}
