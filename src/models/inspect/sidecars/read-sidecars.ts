import { basename, dirname, join } from 'node:path'
import { civitdlIds } from '../path-claims.ts'
import { sidecarKinds, stemOf } from './names.ts'
import { readJsonFile } from './read-json.ts'
import type { Sidecar } from './sidecar.ts'

/** Of a file that many names lead to. */
const MAX_ALIASES = 8

/**
 * What lies beside the file at `listedPath` and then at `aliases`, first what is believed first: the ids in a name by
 * civitdl, then the sidecars in the order of `sidecarNames`. What says nothing, or nothing else, is left out.
 */
export function readSidecars(listedPath: string, aliases: readonly string[] = []): readonly Sidecar[] {
  const said = new Map<string, Sidecar>()
  for (const path of [listedPath, ...aliases.slice(0, MAX_ALIASES)]) {
    for (const sidecar of sidecarsOf(path)) {
      const key = JSON.stringify(sidecar)
      if (!said.has(key)) said.set(key, sidecar)
    }
  }
  return [...said.values()]
}

function sidecarsOf(listedPath: string): readonly Sidecar[] {
  const filename = basename(listedPath)
  const ids = civitdlIds(stemOf(filename))
  const named: Sidecar[] =
    ids === undefined ? [] : [{ file: filename, civitaiModelId: ids.modelId, civitaiVersionId: ids.versionId }]
  return [...named, ...sidecarKinds(filename).flatMap(([file, read]) => sidecar(listedPath, file, read))]
}

function sidecar(listedPath: string, file: string, read: ReturnType<typeof sidecarKinds>[number][1]): Sidecar[] {
  const json = readJsonFile(join(dirname(listedPath), file))
  const fields = json === undefined ? undefined : read(json, basename(listedPath))
  if (fields === undefined || Object.values(fields).every((value) => value === undefined)) return []
  return [{ file, ...fields }]
}

export interface BelievedIds {
  readonly civitaiModelId: number | undefined
  readonly civitaiVersionId: number | undefined
}

/**
 * The ids that are taken where sidecars disagree: of the first that tells a version, with the model that it tells; else
 * of the first that tells a model.
 */
export function believedIds(sidecars: readonly Sidecar[]): BelievedIds {
  const found =
    sidecars.find(({ civitaiVersionId }) => civitaiVersionId !== undefined) ??
    sidecars.find(({ civitaiModelId }) => civitaiModelId !== undefined)
  return { civitaiModelId: found?.civitaiModelId, civitaiVersionId: found?.civitaiVersionId }
}
