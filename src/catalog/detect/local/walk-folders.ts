import { statSync } from 'node:fs'
import { codeOf, reasonOf } from '../../../models/scan/problems.ts'
import { isWithin, joinPath } from '../paths.ts'
import { realPathOf, toFs } from './bytes-path.ts'
import type { CachedFolder, FolderCache } from './folder-cache.ts'

/** What a walk met. */
export interface Walked {
  /** By real path: the paths under which a folder was reached. */
  readonly routes: ReadonlyMap<string, readonly string[]>
  /** Paths, as they were reached, of what could not be read, and why. */
  readonly problems: ReadonlyMap<string, string>
}

export interface WalkFolder {
  readonly path: string
  readonly shallow: boolean
}

/** Links that lead to each other would make more paths than anybody looks at. */
const MOST_ROUTES = 16
const DEEPEST = 32
const MOST_FOLDERS = 500_000

interface Step {
  readonly listed: string
  readonly real: string
  readonly depth: number
  /** On the way from the root: a link to one of them leads in a circle. */
  readonly above: Step | undefined
}

/** Goes through folders and everything below them, symlinks to folders too. Blocks. */
export function walkFolders(folders: readonly WalkFolder[], cache: FolderCache): Walked {
  const routes = new Map<string, string[]>()
  const problems = new Map<string, string>()
  let count = 0

  function enter(step: Step): CachedFolder | undefined {
    const { listed, real } = step
    const known = routes.get(real)
    if (known !== undefined && (known.length >= MOST_ROUTES || known.includes(listed))) return undefined
    try {
      const folder = cache.read(real)
      if (known === undefined) routes.set(real, [listed])
      else known.push(listed)
      return folder
    } catch (error) {
      if (!isGone(error)) problems.set(listed, reasonOf(error))
      return undefined
    }
  }

  for (const { path, shallow } of folders) {
    const real = tryRealPath(path)
    if (typeof real !== 'string') {
      if (!isGone(real.error)) problems.set(path, reasonOf(real.error))
      continue
    }
    const steps: Step[] = [{ listed: path, real, depth: 0, above: undefined }]
    while (true) {
      const step = steps.pop()
      if (step === undefined) break
      count += 1
      const folder = count > MOST_FOLDERS ? undefined : enter(step)
      if (count > MOST_FOLDERS) problems.set(path, `it holds more than ${MOST_FOLDERS} folders`)
      if (folder === undefined || shallow || step.depth >= DEEPEST) continue
      for (const next of below(step, folder, problems)) steps.push(next)
    }
  }
  return { routes, problems }
}

function* below(above: Step, { folders, links }: CachedFolder, problems: Map<string, string>): Generator<Step> {
  const { listed, real, depth } = above
  const stepTo = (name: string, to: string): Step => ({
    listed: joinPath(listed, name),
    real: to,
    depth: depth + 1,
    above,
  })
  // Most are reached by their real paths.
  if (listed === real) for (const each of folders) yield { listed: each.real, real: each.real, depth: depth + 1, above }
  else for (const each of folders) yield stepTo(each.name, each.real)
  for (const name of links) {
    const to = linkedFolder(joinPath(real, name))
    if (to === undefined) continue
    if (typeof to !== 'string') problems.set(joinPath(listed, name), reasonOf(to.error))
    else if (!isCircle(to, above)) yield stepTo(name, to)
  }
}

/** Undefined where it leads to no folder. */
function linkedFolder(link: string): string | { readonly error: unknown } | undefined {
  try {
    if (statSync(toFs(link), { throwIfNoEntry: false })?.isDirectory() !== true) return undefined
  } catch (error) {
    // A circle of links holds nothing.
    return isGone(error) || codeOf(error) === 'ELOOP' ? undefined : { error }
  }
  return tryRealPath(link)
}

function isCircle(to: string, above: Step): boolean {
  for (let at: Step | undefined = above; at !== undefined; at = at.above) if (isWithin(at.real, to)) return true
  return false
}

function tryRealPath(path: string): string | { readonly error: unknown } {
  try {
    return realPathOf(path)
  } catch (error) {
    return { error }
  }
}

export const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
