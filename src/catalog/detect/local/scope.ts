import { realpath } from 'node:fs/promises'
import type { ModelRoot } from '../../../models/root.ts'
import { recogniseHome } from '../../../models/roots/recognise.ts'
import { folderOf, isWithin } from '../paths.ts'
import type { KnownFile } from './known-files.ts'

export type ScopeRoot = Pick<ModelRoot, 'path' | 'type'>

/** Where the UI at one home looks for models. */
export interface HomeRoots {
  readonly roots: readonly ScopeRoot[]
  /** Plain sentences: why a configuration could not be used. */
  readonly notes: readonly string[]
}

export interface ScopeDeps {
  /** Folders of models of this host: everybody who may check may learn what is in them. */
  readonly modelRoots: () => readonly ScopeRoot[]
  /** Those of them that are there for every UI, unless they lie in the home of one. @default none */
  readonly sharedRoots?: (() => readonly ScopeRoot[]) | undefined
  /** What the configuration of a UI says. @default nothing */
  readonly rootsOfHome?: ((home: string) => Promise<HomeRoots>) | undefined
}

/** Which folders of this host answer for what is asked. */
export interface Scope {
  /** Nobody named a home. */
  readonly isWholeHost: boolean
  /** Looked through beside what the pages name. */
  readonly roots: readonly ScopeRoot[]
  /** Why a configuration of the home could not be used: what it names may hold anything. */
  readonly problems: readonly string[]
  /** Whether a file that only the index knows is there for the UI that is asked for. */
  holds(row: KnownFile, paths: readonly string[]): Promise<boolean>
}

/**
 * A home that the caller names answers for itself: with its own folders, those that its configuration names, and folders
 * of models that are no other UI’s. Without one the host answers with all that it has.
 * @param uiHome the home that the caller names
 */
export async function scopeOf(deps: ScopeDeps, uiHome: string | undefined): Promise<Scope> {
  if (uiHome === undefined)
    return { isWholeHost: true, roots: deps.modelRoots(), problems: [], holds: async () => true }
  const real = await realOf(uiHome)
  const isOthers = createIsOthers([uiHome, real])
  const { roots: own, notes } = (await deps.rootsOfHome?.(uiHome)) ?? { roots: [], notes: [] }
  const roots = new Map(own.map((root) => [root.path, root]))
  for (const root of deps.sharedRoots?.() ?? []) {
    if (!roots.has(root.path) && !(await isOthers(root.path))) roots.set(root.path, root)
  }
  const within = [uiHome, real, ...roots.keys(), ...(await Promise.all([...roots.keys()].map(realOf)))]
  return {
    isWholeHost: false,
    roots: [...roots.values()],
    problems: notes.filter((note) => note.includes('extra_model_paths') && /not used/.test(note)),
    async holds({ root }, paths) {
      if (paths.some((path) => within.some((folder) => isWithin(path, folder)))) return true
      // What the owner once had scanned.
      return !deps.modelRoots().some(({ path }) => path === root) && !(await isOthers(root))
    },
  }
}

const realOf = (path: string): Promise<string> => realpath(path).catch(() => path)

const HIGHEST = 6

/** Whether a folder belongs to the home of another UI than that one. */
function createIsOthers(home: readonly string[]): (folder: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()
  const look = async (folder: string): Promise<boolean> => {
    let at = folder
    for (let level = 0; level < HIGHEST && at !== '/'; level += 1) {
      // One that holds this home as well shares its models with it.
      if (home.some((own) => isWithin(own, at) || isWithin(at, own))) return false
      if ((await recogniseHome(at)) !== undefined) return true
      at = folderOf(at)
    }
    return false
  }
  return (folder) => {
    let answer = known.get(folder)
    if (answer === undefined) {
      answer = realOf(folder).then(async (real) => (await look(folder)) || (real !== folder && (await look(real))))
      known.set(folder, answer)
    }
    return answer
  }
}
