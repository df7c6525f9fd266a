import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '../../errors.ts'
import type { CallContext, CallHandlers } from '../../lib/answer-calls.ts'
import type { ModelRoot } from '../root.ts'
import { type Comparison, createComparison } from './comparison.ts'
import { isInRepository } from './hugging-face.ts'
import type { ScanCalls } from './messages.ts'
import { packPaths } from './packed.ts'
import { foldersBelow, type Walk, walkModelFolders, withSlash } from './walk.ts'

/** Progress is for people: ten times a second is enough. */
const PROGRESS_INTERVAL_MS = 100

/** Sets of roots whose entangled folders are remembered. */
const MOST_REMEMBERED = 8

/** The calls about walks, one walk at a time. */
export function createWalks(): Omit<CallHandlers<ScanCalls>, 'inspect'> {
  let current: { readonly walk: Walk; readonly comparison: Comparison } | undefined
  /** By roots, as the last walk of all of them found it. */
  const entangled = new Map<string, ReadonlySet<string>>()

  function begin(roots: readonly ModelRoot[], only: readonly string[] | undefined, context: CallContext): Comparison {
    current = undefined
    const walk = walkModelFolders({ roots, only, onStep: createStep(context) })
    const comparison = createComparison(walk)
    current = { walk, comparison }
    return comparison
  }

  function remember(roots: readonly ModelRoot[], folders: ReadonlySet<string>): void {
    const key = JSON.stringify(roots)
    entangled.delete(key)
    entangled.set(key, folders)
    const [oldest] = entangled.keys()
    if (entangled.size > MOST_REMEMBERED && oldest !== undefined) entangled.delete(oldest)
  }

  function get() {
    if (current === undefined) throw new Error('No walk was begun')
    return current
  }

  return {
    walk({ roots }, context) {
      const comparison = begin(roots, undefined, context)
      remember(roots, comparison.entangled)
      return comparison.files
    },
    walkFolders({ roots, folders }, context) {
      const known = entangled.get(JSON.stringify(roots))
      if (known === undefined || !standAlone(roots, folders, known)) return undefined
      const comparison = begin(roots, folders, context)
      if (comparison.entangled.size === 0 && !get().walk.files.listings.hasHardLinks) return comparison.files
      current = undefined
      return undefined
    },
    page(stored) {
      get().comparison.take(stored)
      return undefined
    },
    changed: (most) => get().comparison.changed(most),
    vanished: (most) => packPaths(get().comparison.vanished(most)),
    end() {
      const { walk, comparison } = get()
      const { files, unchanged } = comparison
      return { files, unchanged, unreadable: walk.unreadable, skipped: walk.skipped }
    },
    drop() {
      current = undefined
      return undefined
    },
  }
}

function createStep({ isCancelled, progress }: CallContext): (files: number) => void {
  let told = performance.now()
  return (files) => {
    if (isCancelled()) throw new AppError('cancelled', 'Reading model folders was cancelled')
    const now = performance.now()
    if (now - told < PROGRESS_INTERVAL_MS) return
    told = now
    progress(files)
  }
}

/**
 * Whether these folders alone tell everything of their files: no file in them is listed elsewhere too, none of them is
 * reached through a symlink, and the rules of a cache do not begin above them.
 */
function standAlone(roots: readonly ModelRoot[], folders: readonly string[], entangled: ReadonlySet<string>): boolean {
  for (const root of roots) {
    const listed = resolve(root.path)
    const below = foldersBelow(listed, folders)
    if (below.length === 0) continue
    const real = realPathOf(listed)
    if (real === undefined) return false
    for (const relative of below) {
      if (relative === '' || isInRepository(`${listed}/${relative}`)) return false
      const folder = `${withSlash(real)}${relative}`
      // One that is gone is told by what is stored of it.
      if ((realPathOf(folder) ?? folder) !== folder) return false
      const paths = [`${folder}/`, `${withSlash(listed)}${relative}/`]
      for (const other of entangled) if (paths.some((path) => other.startsWith(path))) return false
    }
  }
  return true
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}
