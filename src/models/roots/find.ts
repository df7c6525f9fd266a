import type { Settings } from '../../config/settings.ts'
import type { ModelRoot } from '../root.ts'
import { comfyModels } from './comfy.ts'
import { askComfy, type ComfyServerDeps } from './comfy-server.ts'
import { ENVIRONMENT_FILE, uiHomeOfFile } from './environment-file.ts'
import { foldersOf, foldersOfNamed, homeAt, namedFolders } from './homes.ts'
import { huggingFaceCache } from './hugging-face.ts'
import { joinRoots } from './join-roots.ts'
import { isFolder, printable } from './look.ts'
import type { Candidate, Search, UiHome } from './search.ts'
import { chosenLibrary } from './stability-matrix.ts'

export type { UiHome } from './search.ts'

export type RootSettings = Pick<Settings, 'models' | 'ui_home' | 'comfy_url' | 'comfy_args' | 'a1111_args'>

export interface RootDeps extends ComfyServerDeps {
  /** For paths that name variables, and for those of the Hugging Face cache, StabilityMatrix and Fooocus. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** `/etc/environment` */
  readonly environmentFile?: string
  /** Where rented machines keep their UIs; asked when nothing is set. */
  readonly usualHomes?: readonly string[]
}

export interface FoundRoots {
  /** In the order of the search: the first that lists a file gives its name and type. */
  readonly roots: readonly ModelRoot[]
  /** UIs of this host, the one that `UI_HOME` names first. */
  readonly uiHomes: readonly UiHome[]
  /** Plain sentences: where something was found, and why a configuration could not be used. */
  readonly notes: readonly string[]
}

const USUAL_HOMES = [
  '/workspace/ComfyUI',
  '/workspace/stable-diffusion-webui-forge',
  '/workspace/stable-diffusion-webui',
  '/workspace/SwarmUI',
]

const MAX_NOTES = 200

/**
 * The model folders of this host: those of `models`, else those of the UI at `UI_HOME` (also of `/etc/environment`),
 * else those of every UI in the usual places; with the last two the folders of a running ComfyUI and the cache of
 * Hugging Face. A configuration that cannot be used is a note and never an error.
 * @throws the signal's reason
 */
export async function findModelRoots(settings: RootSettings, deps: RootDeps): Promise<FoundRoots> {
  const notes = new Set<string>()
  const search: Search = {
    env: deps.env,
    homeDir: deps.homeDir,
    comfyArgs: settings.comfy_args,
    a1111Args: settings.a1111_args,
    note(text) {
      if (notes.size < MAX_NOTES) notes.add(printable(text))
    },
  }
  deps.signal.throwIfAborted()
  const uiHome =
    settings.ui_home === '' ? await uiHomeOfFile(deps.environmentFile ?? ENVIRONMENT_FILE, search) : settings.ui_home
  const named = settings.models.length > 0
  const homes = named ? await namedHome(uiHome) : await homesOf(uiHome, deps, search)
  const candidates: Candidate[] = []
  const uiHomes: UiHome[] = [...homes]
  if (named) {
    for (const path of settings.models) {
      const { folders, home } = await namedFolders(path, search)
      candidates.push(...folders)
      if (home !== undefined) uiHomes.push(home)
    }
  } else {
    const running = settings.comfy_url === '' ? undefined : await askComfy(settings.comfy_url, deps, search.note)
    candidates.push(...(running ?? []))
    for (const home of homes) {
      deps.signal.throwIfAborted()
      // It has told what its files say.
      if (running !== undefined && home.layout === 'comfyui')
        candidates.push({ ...comfyModels(home.path, search), ...(uiHome === '' ? {} : { named: true }) })
      else candidates.push(...(await (uiHome === '' ? foldersOf : foldersOfNamed)(home, search)))
    }
    candidates.push(huggingFaceCache(search))
  }
  deps.signal.throwIfAborted()
  const roots = await joinRoots(candidates, search.note)
  if (roots.length === 0) search.note('No model folders were found: name them with --models, or the UI with UI_HOME.')
  return { roots, uiHomes: distinctHomes(uiHomes), notes: [...notes] }
}

/** Beside named folders the home is not searched; catalogs still name paths from it. */
const namedHome = async (uiHome: string): Promise<readonly UiHome[]> => (uiHome === '' ? [] : [await homeAt(uiHome)])

async function homesOf(uiHome: string, deps: RootDeps, search: Search): Promise<readonly UiHome[]> {
  const paths = uiHome === '' ? [...(deps.usualHomes ?? USUAL_HOMES), ...(await librariesOf(search))] : [uiHome]
  const homes: UiHome[] = []
  for (const path of paths) {
    deps.signal.throwIfAborted()
    const there = await isFolder(path)
    if (!there && uiHome === '') continue
    const home = await homeAt(path)
    if (there)
      search.note(`${home.path} is the home of ${home.layout === 'folder' ? 'no UI that is known' : home.layout}.`)
    homes.push(home)
  }
  return homes
}

async function librariesOf(search: Search): Promise<readonly string[]> {
  const library = await chosenLibrary(search)
  return library === undefined ? [] : [library]
}

const distinctHomes = (homes: readonly UiHome[]): readonly UiHome[] => [
  ...new Map(homes.map((home) => [home.path, home])).values(),
]
