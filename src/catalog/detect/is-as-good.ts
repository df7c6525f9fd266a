import { modelExtension } from '../../models/model-file.ts'
import type { ExpectedFile } from '../expected-file.ts'
import { isSameKind, kindOfFolder } from './folder-kinds.ts'
import { countedPath } from './host-files.ts'
import type { Match } from './matches.ts'
import { folderOf, isWithin, nameOf } from './paths.ts'
import type { Target } from './place.ts'

/** Half of all repositories call their files so. */
const COMMON_NAME =
  /^(?:(?:pytorch_|adapter_|diffusion_pytorch_)?model|pytorch_lora_weights|unet|vae|lora)(?:[-_.].*)?$/i

/** Whether a name alone tells one model from another. */
export function isTelling(name: string): boolean {
  const extension = modelExtension(name)
  return extension !== undefined && !COMMON_NAME.test(name.slice(0, -extension.length))
}

/**
 * Whether a file that does not lie where the command puts it is that file all the same. What a hash or the numbers of
 * Civitai tell of is, wherever it lies; a name tells only in a folder of the same kind, and only where it is its own.
 * @param uiHome of the host: what lies above it says nothing of a folder
 */
export function isAsGood({ file, evidence }: Match, expected: ExpectedFile, target: Target, uiHome?: string): boolean {
  if (evidence !== 'name' && evidence !== 'name_and_size') return true
  const path = countedPath(file)
  if (isOfRepository(path, expected)) return true
  if (!isTelling(nameOf(path))) return false
  if (target.where === 'nowhere' || target.kind === undefined) return true
  const folder = folderOf(path)
  const below = uiHome !== undefined && isWithin(folder, uiHome) ? folder.slice(uiHome.length + 1) : folder
  const kind = kindOfFolder(below)
  // A UI may be told to look for LoRAs in any folder.
  if (kind === undefined) return file.type !== undefined && file.type !== 'other' && file.type === target.kind.type
  return isSameKind(kind, target.kind)
}

/** In the cache of Hugging Face the folders name the repository. */
function isOfRepository(path: string, { source }: ExpectedFile): boolean {
  if (source.kind !== 'huggingface') return false
  return path.includes(`/models--${source.repo.replaceAll('/', '--')}/`) && path.endsWith(`/${source.path}`)
}
