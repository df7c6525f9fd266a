import type { ModelType } from '../../models/model-file.ts'
import { type ListedFile, toHostFiles } from './host-files.ts'
import type { FolderState, HostIndex } from './host-index.ts'
import { indexFiles } from './index-files.ts'
import { folderOf, isWithin } from './paths.ts'
import { foldersWithStrangers } from './strangers.ts'

export interface ListedFolder {
  /** Absolute, on its host. */
  readonly path: string
  readonly state: FolderState
  /** Why it is not `listed`. */
  readonly problem?: string | undefined
}

/** What one look at a host found. */
export interface Listing {
  /** Absolute; undefined where nothing tells. */
  readonly uiHome: string | undefined
  /** Where `~` leads on that host. @default found from `asked` */
  readonly userHome?: string | undefined
  /** Epoch milliseconds. */
  readonly checkedAt: number
  /** Each with everything below it, but for the home of the UI, that of the user and what lies at the very top. */
  readonly folders: readonly ListedFolder[]
  /** Everything in them: marks of unfinished downloads too. */
  readonly files: readonly ListedFile[]
  /** By path: lower-case hex. */
  readonly sha256?: ReadonlyMap<string, string> | undefined
  /** By path: why nothing could load it. */
  readonly faults?: ReadonlyMap<string, string> | undefined
  /** Folders that were not looked through, as they were asked for, and why. */
  readonly refused?: ReadonlyMap<string, string> | undefined
  /** Folders outside of the home that its UI looks through too, with what it is told that they hold. */
  readonly extra?: readonly { readonly path: string; readonly type?: ModelType | undefined }[] | undefined
  /** The folders as they were asked for, of which those below `~` tell where that leads. */
  readonly asked?: readonly string[] | undefined
}

const NOBODY_LOOKED = { state: 'unreadable', problem: 'nobody looked at that folder' } as const

export function indexListing(listing: Listing): HostIndex {
  const { uiHome, checkedAt, folders, files, sha256, faults, refused } = listing
  const userHome = listing.userHome ?? userHomeOf(listing)
  const states = new Map(folders.map((folder) => [folder.path, folder]))
  const isShallow = (folder: string): boolean => folder === uiHome || folder === userHome || folderOf(folder) === '/'
  const extra = listing.extra ?? []
  const typeOf = (path: string): ModelType | undefined => extra.find((folder) => isWithin(path, folder.path))?.type
  const facts = { uiHome, userHome, checkedAt, moreFolders: extra.map(({ path }) => path) }
  return indexFiles(
    toHostFiles(files, ({ path }) => ({ sha256: sha256?.get(path), fault: faults?.get(path), type: typeOf(path) })),
    {
      ...facts,
      isShallow,
      hasStrangers: foldersWithStrangers(files),
      stateOf(folder) {
        for (let at = folder; ; at = folderOf(at)) {
          const known = states.get(at)
          if (known !== undefined && (at === folder || !isShallow(at))) {
            return { state: known.state, problem: known.problem }
          }
          const refusal = refused?.get(at) ?? (uiHome === undefined ? undefined : refused?.get(belowHome(at, uiHome)))
          if (refusal !== undefined) return { state: 'unreadable', problem: refusal }
          if (at === '/' || at === folderOf(at)) return NOBODY_LOOKED
        }
      },
    },
  )
}

const belowHome = (path: string, home: string): string => (isWithin(path, home) ? path.slice(home.length + 1) : path)

/** Whatever `~/models` became on that host tells where `~` is. */
function userHomeOf({ asked = [], folders, uiHome }: Listing): string | undefined {
  for (const each of asked) {
    if (!each.startsWith('~/')) continue
    const below = each.slice(1)
    const found = folders.filter(({ path }) => path.endsWith(below) && !asked.includes(path))
    const [only, ...more] =
      found.length > 1 && uiHome !== undefined ? found.filter(({ path }) => !isWithin(path, uiHome)) : found
    if (only !== undefined && more.length === 0) return only.path.slice(0, -below.length) || '/'
  }
  return undefined
}
