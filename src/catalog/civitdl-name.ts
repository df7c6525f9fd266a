import { modelExtension } from '../models/model-file.ts'
import type { CivitdlIds } from './expected-file.ts'

/**
 * `<name>-mid_<model>-vid_<version>.<ext>` as civitdl 2.1 writes it, and `<name>_<model>-vid_<version>.<ext>` as the
 * catalog's rules have it.
 */
const TOKENS = /(?:^|[-_.])(?:mid_)?(\d{1,16})-vid_(\d{1,16})(?=\.[^./]+$)/i
const VERSION_ALONE = /(?:^|[-_.])vid_(\d{1,16})(?=\.[^./]+$)/i
const ARCHIVE = /\.zip$/i

/** The numbers in the name of a file that civitdl stored; undefined for other names, and for what is no model. */
export function readCivitdlName(name: string): CivitdlIds | undefined {
  if (modelExtension(name) === undefined && !ARCHIVE.test(name)) return undefined
  const [, model, version] = TOKENS.exec(name) ?? []
  if (model !== undefined && version !== undefined) return { model_id: Number(model), version_id: Number(version) }
  const [, alone] = VERSION_ALONE.exec(name) ?? []
  return alone === undefined ? undefined : { version_id: Number(alone) }
}

/** Whether a file with that name is what civitdl stores for these numbers: whole numbers, never digits within others. */
export function isCivitdlName(name: string, wanted: CivitdlIds): boolean {
  const found = readCivitdlName(name)
  if (found === undefined || (wanted.version_id ?? wanted.model_id) === undefined) return false
  const agrees = (own: number | undefined, other: number | undefined): boolean => own === undefined || own === other
  // A version belongs to one model: an address may leave the model out, or the name.
  const isSameModel = agrees(wanted.model_id, found.model_id ?? wanted.model_id)
  return isSameModel && agrees(wanted.version_id, found.version_id)
}

/** As people are shown it. */
export const civitdlPattern = ({ model_id, version_id }: CivitdlIds): string =>
  `*${model_id === undefined ? '' : `-mid_${model_id}`}-vid_${version_id ?? '*'}.*`
