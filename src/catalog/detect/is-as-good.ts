import { modelExtension } from '../../models/model-file.ts'
import type { ExpectedFile } from '../expected-file.ts'
import { isSameKind, placeInKind } from './folder-kinds.ts'
import { countedPath } from './host-files.ts'
import type { Match } from './matches.ts'
import type { Evidence } from './page-check.ts'
import { folderOf, isWithin, nameOf } from './paths.ts'
import type { Target } from './place.ts'

/** Half of all repositories call their files so: bare words, and what says nothing but how the numbers are stored. */
const COMMON_NAME =
  /^(?:(?:pytorch_|adapter_|diffusion_|diffusion_pytorch_)?model|pytorch_lora_weights|unet|vae|lora)(?:[-_.](?:fp\d{1,2}|bf16|(?:non_)?ema|\d{5}-of-\d{5}))*$/i

/** Whether a name alone tells one model from another, whatever folder it is in. */
export function isTelling(name: string): boolean {
  const extension = modelExtension(name)
  return extension !== undefined && !COMMON_NAME.test(name.slice(0, -extension.length))
}

/**
 * Whether a file that does not lie where the command puts it is that file all the same. What a hash or the numbers of
 * Civitai tell of is, wherever it lies; a name tells only in a folder of the same kind, and a name that many files have
 * only at the same place in it: `models/vae/model.safetensors` for `models/VAE/model.safetensors`.
 * @param uiHome of the host: what lies above it says nothing of a folder
 */
export function isAsGood({ file, evidence }: Match, expected: ExpectedFile, target: Target, uiHome?: string): boolean {
  if (!isByName(evidence)) return true
  const path = countedPath(file)
  if (isOfRepository(path, expected)) return true
  const tells = isTelling(nameOf(path))
  if (target.where === 'nowhere' || target.kind === undefined) return tells && evidence !== 'version_in_name'
  const folder = folderOf(path)
  const below = uiHome !== undefined && isWithin(folder, uiHome) ? folder.slice(uiHome.length + 1) : folder
  const place = placeInKind(below)
  // A UI may be told to look for LoRAs in any folder.
  if (place === undefined) {
    return tells && file.type !== undefined && file.type !== 'other' && file.type === target.kind.type
  }
  return isSameKind(place.kind, target.kind) && (tells || place.below === placeInKind(target.written)?.below)
}

/** Whether nothing but the name tells of a file: it is one only in the right kind of folder. */
export const isByName = (evidence: Evidence): boolean =>
  evidence === 'name' || evidence === 'name_and_size' || evidence === 'version_in_name'

/** In the cache of Hugging Face the folders name the repository. */
function isOfRepository(path: string, { source }: ExpectedFile): boolean {
  if (source.kind !== 'huggingface') return false
  return path.includes(`/models--${source.repo.replaceAll('/', '--')}/`) && path.endsWith(`/${source.path}`)
}
