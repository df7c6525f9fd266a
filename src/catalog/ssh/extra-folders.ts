import type { ModelType } from '../../models/model-file.ts'
import { comfyFolder } from '../../models/roots/comfy-folders.ts'
import { readExtraPaths } from '../../models/roots/comfy-yaml.ts'
import { escapeName } from './remote-name.ts'

/** As the far side sends it: more of it is none that a person wrote. */
export const LONGEST_EXTRA_PATHS = 48 * 1024

/** A folder that a ComfyUI was told of by its `extra_model_paths.yaml`. */
export interface ExtraFolder {
  /** Absolute, on its host. */
  readonly path: string
  /** What the file says that it holds. */
  readonly type: ModelType | undefined
}

export interface ExtraFolders {
  readonly folders: readonly ExtraFolder[]
  /** Why some of what the file names is not known; escaped. */
  readonly problem: string | undefined
}

const NONE: ExtraFolders = { folders: [], problem: undefined }
export const EXTRA_NAME = 'extra_model_paths.yaml'

/**
 * The folders that the file of a ComfyUI on another host names.
 * @param text undefined where it could not be read there
 * @param home of the UI there
 * @param userHome where `~` leads there
 */
export async function readExtraFolders(
  text: string | undefined,
  { home, userHome }: { readonly home: string; readonly userHome: string },
): Promise<ExtraFolders> {
  if (text === undefined) return { ...NONE, problem: 'it could not be read' }
  if (text.trim() === '') return NONE
  if (Buffer.byteLength(text) >= LONGEST_EXTRA_PATHS) return { ...NONE, problem: 'it is too long' }
  const notes: string[] = []
  const note = (sentence: string): void => void notes.push(sentence)
  // What is set in the environment of that host nobody here knows.
  const search = { env: {}, homeDir: userHome, comfyArgs: '', a1111Args: '', note }
  const named = await readExtraPaths(text, `${home}/${EXTRA_NAME}`, search)
  const found = named.flatMap(({ folder, path }) => comfyFolder(folder, path) ?? [])
  const known = found.filter(({ path }) => !path.includes('$'))
  if (known.length < found.length) note('it names variables that only that host knows')
  const [problem] = notes.filter((sentence) => /not used|only that host/.test(sentence))
  return {
    folders: known.map(({ path, type }) => ({ path, type })),
    problem: problem === undefined ? undefined : escapeName(problem).slice(0, 300),
  }
}
