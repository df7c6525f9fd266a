import { stat } from 'node:fs/promises'
import type { LocalFiles } from '../../../access/local-files.ts'
import { isAppError } from '../../../errors.ts'
import type { Actor } from '../../../operation/permission.ts'
import { foldersOfKind, kindOfFolder } from '../folder-kinds.ts'
import { folderOf, isWithin, joinPath } from '../paths.ts'
import type { Scope, ScopeDeps } from './scope.ts'

export interface LookWhereDeps extends Pick<ScopeDeps, 'modelRoots'> {
  readonly localFiles: Pick<LocalFiles, 'findFolder'>
  /** Homes of UIs of this host, absolute, the one that counts first. */
  readonly uiHomes: () => readonly string[]
  /** Where `~` leads. */
  readonly userHome: string | undefined
}

/**
 * The home of the UI: the one that the caller names, else the first of the host's own that is there.
 * @throws AppError as LocalFiles.findFolder does
 */
export async function findUiHome(
  { localFiles, uiHomes }: LookWhereDeps,
  given: string | undefined,
  actor: Actor,
): Promise<string | undefined> {
  if (given !== undefined) {
    const own = uiHomes().find((home) => home === trimmed(given))
    return own !== undefined && (await isFolder(own)) ? own : localFiles.findFolder(given, actor)
  }
  for (const home of uiHomes()) if (await isFolder(home)) return home
  return undefined
}

const trimmed = (path: string): string => path.replace(/(?<=.)\/+$/, '')

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )

export interface LookPlan {
  /** Absolute. */
  readonly folders: readonly string[]
  readonly shallow: readonly string[]
  /** Absolute, and why nobody looks there. */
  readonly refused: ReadonlyMap<string, string>
  /** Folders outside of a home that the caller names, in which its UI looks for models. */
  readonly more: readonly string[]
}

/** Where the kernel, not a disk, answers. */
const KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/
const NO_FILES = 'no files are kept there'

/**
 * Where to look on this host for files of pages.
 * @param wished as `foldersToLook` has them
 */
export async function planLook(
  deps: LookWhereDeps,
  wished: readonly string[],
  { uiHome, actor, scope }: { readonly uiHome: string | undefined; readonly actor: Actor; readonly scope: Scope },
): Promise<LookPlan> {
  const { userHome } = deps
  const roots = deps.modelRoots().map(({ path }) => path)
  const isOwnHome = uiHome !== undefined && deps.uiHomes().includes(uiHome)
  const folders = new Set<string>()
  const refused = new Map<string, string>()
  for (const wish of wished) {
    const folder = absoluteOf(wish, uiHome, userHome)
    if (folder === undefined) continue
    // What is as good is no caller's choice.
    const isOpen = (isOwnHome && isKnown(wish)) || roots.some((root) => isWithin(folder, root))
    const reason = KERNEL.test(folder) ? NO_FILES : isOpen ? undefined : await whyNot(deps, folder, actor)
    if (reason === undefined) folders.add(folder)
    else refused.set(folder, reason)
  }
  const own = scope.roots.map(({ path }) => path)
  const more: string[] = []
  for (const folder of own) {
    const isInHome = uiHome !== undefined && isWithin(folder, uiHome)
    const isOpen = roots.some((root) => isWithin(folder, root))
    const reason = KERNEL.test(folder) ? NO_FILES : isOpen ? undefined : await whyNot(deps, folder, actor)
    if (reason === undefined) folders.add(folder)
    // Of the home itself a caller with a token may see the folders that pages name.
    else if (!isInHome) refused.set(folder, reason)
    if (!isInHome && !scope.isWholeHost) more.push(folder)
  }
  const isShallow = (folder: string): boolean => folder === uiHome || folder === userHome || folderOf(folder) === '/'
  const shallow = [...folders].filter((folder) => isShallow(folder) && !own.includes(folder))
  return { folders: [...folders], shallow, refused, more }
}

function absoluteOf(wish: string, uiHome: string | undefined, userHome: string | undefined): string | undefined {
  if (wish.startsWith('/')) return wish
  if (wish === '~' || wish.startsWith('~/'))
    return userHome === undefined ? undefined : joinPath(userHome, wish.slice(2))
  return uiHome === undefined ? undefined : joinPath(uiHome, wish)
}

/** Whether UIs keep models in that folder of their homes. */
function isKnown(wish: string): boolean {
  if (/^[/~]/.test(wish)) return false
  const kind = kindOfFolder(wish)
  return kind !== undefined && foldersOfKind(kind).some((folder) => isWithin(wish, folder))
}

/** The owner may look anywhere; whether a folder is there is told by looking. */
async function whyNot({ localFiles }: LookWhereDeps, folder: string, actor: Actor): Promise<string | undefined> {
  if (actor.kind === 'owner') return undefined
  try {
    await localFiles.findFolder(folder, actor)
    return undefined
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.code === 'not_found' || error.code === 'invalid_input'
      ? undefined
      : 'callers with a token may not name it'
  }
}
