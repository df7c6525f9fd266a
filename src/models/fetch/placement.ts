import { constants } from 'node:fs'
import { access, lstat, mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { AppError, isAppError } from '../../errors.ts'
import { orDiskFull } from '../../lib/disk-error.ts'
import { classOf } from '../known-folders.ts'
import { placeModel } from '../layout.ts'
import type { ModelRoot } from '../root.ts'
import { isWithin } from '../roots/join-roots.ts'
import { isFolder, realPathOf } from '../roots/look.ts'
import type { WantedPlace } from './downloads.ts'
import { foldersIn, readWantedFolder, type WantedFolder } from './model-folder.ts'
import type { PlacedName } from './place-name.ts'

/** A folder that exists, for one new file. */
export interface Place {
  readonly root: ModelRoot
  /** Absolute, as it is listed below the root. */
  readonly dir: string
  /** As a UI lists a file of this name there: `style/foo.safetensors`. */
  nameOf(filename: string): string
}

export interface Placement {
  /**
   * Makes the folder that a UI loads the file from, in AIRKEEP_DOWNLOAD_ROOT, else in the first model folder of this
   * host that takes it: of the UI that was found first, and one for its type before one for all. Where a home of a UI is
   * named, in its folders alone; where folders of models are named, in the first of them that takes it before all others.
   * @throws AppError not_found (no model folder is known or takes it), forbidden (none can be written to, or it leads
   * out of the model folders), disk_full
   */
  place(wanted: Pick<WantedPlace, 'type' | 'folder' | 'home'>, name: Pick<PlacedName, 'folder'>): Promise<Place>
  /** The folder that {@link place} would make. @throws AppError as that does */
  find(wanted: Pick<WantedPlace, 'type' | 'folder' | 'home'>, name: Pick<PlacedName, 'folder'>): Promise<FoundPlace>
}

export type FoundPlace = Pick<Place, 'root' | 'dir'>

export interface PlacementDeps {
  /** The folders that `named` means; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Setting; empty: none. */
  readonly downloadRoot: string
}

interface Roots {
  /** In which the file may go, the best first. */
  readonly first: readonly ModelRoot[]
  /** Within which it has to be. */
  readonly all: readonly ModelRoot[]
  /** Of the first those whose folders for types may be anybody's links. */
  readonly inner?: ReadonlySet<ModelRoot>
}

export function createPlacement({ rootsOf, downloadRoot }: PlacementDeps): Placement {
  async function roots(): Promise<Roots> {
    const known = await rootsOf([])
    if (downloadRoot === '') return { first: byPreference(known), all: known }
    const named = await rootsOf([downloadRoot])
    if (named.length > 0 && (await isFolder(downloadRoot))) {
      return { first: [...named, ...byPreference(known)], all: [...named, ...known] }
    }
    // It may be a volume that is not mounted: what is made in its place would be lost under it.
    throw new AppError('not_found', `Cannot place the file: AIRKEEP_DOWNLOAD_ROOT ${downloadRoot} does not exist`, {
      hint: 'Create the folder, or mount its volume',
    })
  }

  /** Those of the UI that the caller names, whatever the settings say. */
  async function rootsOfHome(home: string): Promise<Roots> {
    const named = await rootsOf([home])
    // A home of no UI that is known is no folder of models itself.
    const models = join(home, 'models')
    const isPlain = named.every(({ path, layout }) => path === home && layout === 'folder')
    const first = isPlain && (await isFolder(models)) ? await rootsOf([models]) : named
    return { first: byPreference(first), all: [...first, ...(await rootsOf([]))] }
  }

  /** Those that the caller names, in its order, before those of the settings. */
  async function rootsOfNamed(named: readonly string[]): Promise<Roots> {
    const own = (await Promise.all(named.map(async (folder) => byPreference(await rootsOf([folder]))))).flat()
    const host = await rootsOf([])
    const usual = await roots().catch((error: unknown) => {
      // A download root that is not mounted is needed by nobody who names another folder.
      if (isAppError(error) && error.code === 'not_found') return { first: [], all: host }
      throw error
    })
    const outer = await Promise.all(host.map(({ path }) => realPathOf(path)))
    const reals = await Promise.all(own.map(({ path }) => realPathOf(path)))
    const inner = new Set(own.filter((_, at) => outer.some((root) => isWithin(reals[at] ?? '', root))))
    return { first: [...own, ...usual.first], all: [...own, ...usual.all], inner }
  }

  const rootsFor = (home: WantedPlace['home']): Promise<Roots> => {
    if (home === undefined) return roots()
    return typeof home === 'string' ? rootsOfHome(home) : rootsOfNamed(home)
  }

  /** With the folders within which it has to be. */
  async function find(
    { type, folder, home }: Pick<WantedPlace, 'type' | 'folder' | 'home'>,
    name: Pick<PlacedName, 'folder'>,
  ): Promise<FoundPlace & { readonly own: readonly string[] }> {
    const wanted = readWantedFolder(type, folder)
    const { first, all, inner } = await rootsFor(home)
    const reals = await Promise.all(all.map(({ path }) => realPathOf(path)))
    const refused: string[] = []
    for (const root of first) {
      const below = await chooseFolder(root, wanted)
      if (below === undefined) continue
      const dir = join(root.path, below, withoutSame(name.folder, wanted.rest))
      const linked = inner?.has(root) === true ? [] : await linkedTypeFolder(root, below)
      const own = [...reals, ...linked]
      const reason = await whyNot(root, dir, own)
      if (reason === undefined) return { root, dir, own }
      refused.push(reason)
    }
    throw refused.length > 0 ? noneTakes(refused) : nowhere(wanted.type, first)
  }

  return {
    find,
    async place(wanted, name) {
      const { root, dir, own } = await find(wanted, name)
      return make(root, dir, own)
    },
  }
}

/** The UI that was found first is the one that is used: its folders come before those of others. */
function byPreference(roots: readonly ModelRoot[]): readonly ModelRoot[] {
  const main = roots.find(({ type, layout }) => type === undefined && layout !== 'huggingface') ?? roots[0]
  return [
    ...roots.filter(({ layout }) => layout === main?.layout),
    ...roots.filter(({ layout }) => layout !== main?.layout),
  ]
}

async function chooseFolder(root: ModelRoot, wanted: WantedFolder): Promise<string | undefined> {
  const folders = foldersIn(root, wanted)
  for (const folder of folders) if (await isFolder(join(root.path, folder))) return folder
  return folders[0]
}

/** A prompt may repeat the folder that its workflow declares: `bbox/face.pt` in `ultralytics/bbox`. */
const withoutSame = (folder: string, rest: string): string =>
  rest !== '' && `${folder}/`.startsWith(`${rest}/`) ? folder.slice(rest.length + 1) : folder

/**
 * Where the folder of a type leads that somebody has put on another volume (`models/loras -> /mnt/loras`): UIs and the
 * library follow it. Links further in are anybody's.
 */
async function linkedTypeFolder(root: ModelRoot, below: string): Promise<readonly string[]> {
  const [folder = ''] = below.split('/', 1)
  if (classOf(folder) === undefined) return []
  const path = join(root.path, folder)
  const isLink = await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
  return isLink ? [await realPathOf(path)] : []
}

/** Why a file cannot go there; undefined where it can. */
async function whyNot(root: ModelRoot, dir: string, reals: readonly string[]): Promise<string | undefined> {
  if (!(await isFolder(root.path))) return `${root.path} does not exist`
  const deepest = await deepestFolder(dir)
  const real = await realPathOf(deepest)
  if (!isBelow(real, reals)) return `${deepest} leads to ${real}, which is no model folder`
  try {
    await access(real, constants.W_OK | constants.X_OK)
    return undefined
  } catch {
    return `${deepest} cannot be written to`
  }
}

const isBelow = (real: string, reals: readonly string[]): boolean =>
  reals.some((root) => real === root || isWithin(real, root))

async function deepestFolder(dir: string): Promise<string> {
  for (let folder = dir; ; folder = dirname(folder)) if ((await isFolder(folder)) || folder === '/') return folder
}

async function make(root: ModelRoot, dir: string, reals: readonly string[]): Promise<Place> {
  try {
    await mkdir(dir, { recursive: true })
  } catch (cause) {
    const error = orDiskFull('make the folder for the file', cause, dir)
    if (error !== cause) throw error
    throw new AppError('forbidden', `Cannot make the folder ${dir}`, { hint: 'Check its permissions', cause })
  }
  // Somebody may have put a link in its way meanwhile.
  if (!isBelow(await realpath(dir), reals)) throw noneTakes([`${dir} leads out of the model folders`])
  return {
    root,
    dir,
    nameOf(filename) {
      const below = relative(root.path, join(dir, filename))
      return root.type === undefined ? placeModel(root.path, below).name : below
    },
  }
}

const noneTakes = (reasons: readonly string[]): AppError =>
  new AppError('forbidden', `Cannot place the file: ${reasons.slice(0, 3).join('; ')}`, {
    hint: 'Name a folder that can be written to in AIRKEEP_DOWNLOAD_ROOT, or in AIRKEEP_MODELS beside the others',
  })

const nowhere = (type: string, roots: readonly ModelRoot[]): AppError =>
  new AppError(
    'not_found',
    roots.length === 0
      ? 'Cannot place the file: no model folder is known'
      : `Cannot place the file: none of the model folders is for ${type} (${roots.slice(0, 3).map(nameOf).join(', ')})`,
    { hint: 'Name one in AIRKEEP_DOWNLOAD_ROOT or AIRKEEP_MODELS' },
  )

const nameOf = ({ path, type }: ModelRoot): string =>
  type === undefined ? basename(path) : `${basename(path)}: ${type}`
