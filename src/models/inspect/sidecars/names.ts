import { modelExtension } from '../../model-file.ts'
import { civitdlIds } from '../path-claims.ts'
import { readModel } from './civitai-json.ts'
import {
  readA1111,
  readCivitaiInfo,
  readLoraManager,
  readStabilityMatrix,
  readSwarm,
  type SidecarReader,
} from './formats.ts'

/**
 * Endings in the order in which their ids are believed: first what was written once for one file by what downloaded it,
 * last what is edited by hand.
 */
const ENDINGS: readonly (readonly [string, SidecarReader])[] = [
  ['.civitai.info', readCivitaiInfo],
  ['.cm-info.json', readStabilityMatrix],
  ['.metadata.json', readLoraManager],
  ['.swarm.json', readSwarm],
  ['.json', readA1111],
]

export const stemOf = (filename: string): string =>
  filename.slice(0, filename.length - (modelExtension(filename)?.length ?? 0))

/** Names that may stand beside a model file, each with what reads it. */
export function sidecarKinds(filename: string): readonly (readonly [string, SidecarReader])[] {
  const stem = stemOf(filename)
  const beside = ENDINGS.map(([ending, read]) => [`${stem}${ending}`, read] as const)
  const ids = civitdlIds(stem)
  if (ids === undefined) return beside
  const { modelId, versionId } = ids
  const extra = `extra_data-vid_${versionId}/model_dict-mid_${modelId}-vid_${versionId}.json`
  return [[extra, (json, name) => readModel(json, versionId, name)], ...beside]
}

/**
 * Names of files that may say something of the model file `filename`, below its folder: when one of them changes, the
 * model is to be inspected again. One in another folder (with a `/`) is only there for names that civitdl wrote.
 */
export const sidecarNames = (filename: string): string[] => sidecarKinds(filename).map(([name]) => name)
