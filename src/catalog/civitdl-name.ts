import { modelExtension } from '../models/model-file.ts'
import type { CivitdlIds } from './expected-file.ts'

/**
 * `<name>-mid_<model>-vid_<version>.<ext>` as civitdl 2.1 writes it, and `<name>_<model>-vid_<version>.<ext>` as the
 * catalog's rules have it. Behind it may stand what people and programs add: `-fp16`, ` (1)`.
 */
const TOKENS = /(?:^|[-_.])(?:mid_)?(\d{1,16})-vid_(\d{1,16})(?![\p{L}\p{N}])/iu
const VERSION_ALONE = /(?:^|[-_.])vid_(\d{1,16})(?![\p{L}\p{N}])/iu
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

/** Shorter ones stand for years, sizes and releases. */
const NUMBERS = /(?<![\p{L}\p{N}])[1-9]\d{4,14}(?![\p{L}\p{N}])/gu

/**
 * Numbers in the name of a model that may be those of a version: `2255476` of `x_2255476.safetensors`, whole numbers only.
 * None of what civitdl stored, which says what its numbers are.
 */
export function numbersInName(name: string): readonly number[] {
  const extension = modelExtension(name)
  if (extension === undefined || !/\d{5}/.test(name) || readCivitdlName(name) !== undefined) return []
  return [...new Set(name.slice(0, -extension.length).match(NUMBERS) ?? [])].map(Number)
}

/** As people are shown it. */
export const civitdlPattern = ({ model_id, version_id }: CivitdlIds): string =>
  `*${model_id === undefined ? '' : `-mid_${model_id}`}-vid_${version_id ?? '*'}.*`
