import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ModelRoot } from '../root.ts'
import type { WalkedRoot } from './found.ts'
import { createJoinedFiles, type JoinedFiles } from './join.ts'
import { codeOf, createProblems, isGone, reasonOf } from './problems.ts'
import { type Ahead, createVisitor } from './visit-folder.ts'
import type { WalkProblem } from './walked-file.ts'

export interface WalkOptions {
  /** In this order: where several lead to a file, the first one lists it. */
  readonly roots: readonly ModelRoot[]
  /** Absolute listed paths of folders below the roots: only these are walked. @default the roots */
  readonly only?: readonly string[] | undefined
  /** Called between folders, and between every thousand files of one. Throws to end the walk. */
  readonly onStep: (files: number) => void
}

export interface Walk {
  readonly files: JoinedFiles
  readonly unreadable: readonly WalkProblem[]
  readonly skipped: readonly WalkProblem[]
  /** Listed and real paths, each with a slash at its end, of what could not be read. */
  readonly unknown: readonly string[]
}

/** Every model file below the roots with all its listings. Reads names and `stat`, opens nothing. Synchronous. */
export function walkModelFolders({ roots, only, onStep }: WalkOptions): Walk {
  const files = createJoinedFiles()
  const unreadable = createProblems()
  const skipped = createProblems()
  const unknown: string[] = []
  const stack: Ahead[] = []

  function cannotRead({ listed, real }: Pick<Ahead, 'listed' | 'real'>, error: unknown): void {
    unreadable.add(withoutSlash(listed), reasonOf(error))
    unknown.push(withSlash(listed), withSlash(real))
  }

  const visit = createVisitor({
    files,
    onStep: () => onStep(files.count),
    onFolder: (ahead) => stack.push(ahead),
    onSkipped: (path, reason) => skipped.add(withoutSlash(path), reason),
  })

  for (const [index, root] of roots.entries()) {
    const listed = resolve(root.path)
    try {
      const walked: WalkedRoot = { index, root, listed, real: realpathSync.native(listed) }
      stack.push(...startsOf(walked, only).reverse())
    } catch (error) {
      cannotRead({ listed, real: listed }, error)
    }
  }

  for (let ahead = stack.pop(); ahead !== undefined; ahead = stack.pop()) {
    onStep(files.count)
    try {
      visit(ahead)
    } catch (error) {
      if (codeOf(error) === '') throw error
      // A root that is missing may be a volume that is not mounted: what is below it is unknown.
      if (!isGone(error) || ahead.relative === '') cannotRead(ahead, error)
    }
  }
  return { files, unreadable: unreadable.list(), skipped: skipped.list(), unknown }
}

function startsOf(root: WalkedRoot, only: readonly string[] | undefined): Ahead[] {
  const base = { root, parent: undefined, linked: false }
  const [listed, real] = [withSlash(root.listed), withSlash(root.real)]
  if (only === undefined) return [{ ...base, listed, real, relative: '' }]
  return foldersBelow(root.listed, only).map((folder) => {
    const relative = folder === '' ? '' : `${folder}/`
    return { ...base, listed: listed + relative, real: real + relative, relative }
  })
}

/** Paths below `root`, without those within another of them; '' is the root itself. */
export function foldersBelow(root: string, folders: readonly string[]): string[] {
  const base = withSlash(root)
  const relatives = folders
    .map((folder) => withSlash(resolve(folder)))
    .filter((folder) => folder.startsWith(base))
    .toSorted((a, b) => a.length - b.length)
  const outermost: string[] = []
  for (const folder of relatives) {
    if (!outermost.some((other) => folder.startsWith(other))) outermost.push(folder)
  }
  return outermost.map((folder) => folder.slice(base.length, -1)).filter((folder) => !/(?:^|\/)\./.test(folder))
}

export const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`)

const withoutSlash = (path: string): string => (path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path)
