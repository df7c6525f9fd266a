import { modelExtension } from '../../models/model-file.ts'
import { numbersInName, readCivitdlName } from '../civitdl-name.ts'
import { countedPath } from './host-files.ts'
import type { HostFile, HostIndex } from './host-index.ts'
import { nameOf } from './paths.ts'
import { openName } from './query-name.ts'
import { huggingFaceKey } from './unfinished.ts'

/** What a host answers beside its files. */
export type HostFacts = Omit<HostIndex, 'byName' | 'byVersion' | 'byModel' | 'byNumber' | 'bySha256'>

/** Files by everything that a page may know of them. */
export function indexFiles(files: Iterable<HostFile>, facts: HostFacts): HostIndex {
  const names = new Map<string, HostFile[]>()
  const versions = new Map<number, HostFile[]>()
  const models = new Map<number, HostFile[]>()
  const numbers = new Map<number, HostFile[]>()
  const digests = new Map<string, HostFile[]>()
  for (const file of files) {
    const name = nameOf(countedPath(file))
    const civitdl = readCivitdlName(name)
    put(names, openName(name), file)
    put(models, civitdl?.model_id, file)
    for (const version of new Set([civitdl?.version_id, file.civitaiVersionId])) put(versions, version, file)
    for (const number of numbersInName(name)) put(numbers, number, file)
    put(digests, file.sha256, file)
  }
  const unfinishedAs = (name: string | undefined): readonly HostFile[] =>
    name === undefined ? [] : (names.get(name) ?? []).filter(({ unfinished }) => unfinished !== undefined)
  return {
    ...facts,
    byName: (name) => [
      ...(names.get(name) ?? []),
      // Some programs write a model under its name without the extension that it will have.
      ...unfinishedAs(stemOf(name)),
      ...unfinishedAs(huggingFaceKey(name)),
    ],
    byVersion: (version) => versions.get(version) ?? [],
    byModel: (model) => models.get(model) ?? [],
    byNumber: (number) => numbers.get(number) ?? [],
    bySha256: (sha256) => digests.get(sha256) ?? [],
  }
}

function stemOf(name: string): string | undefined {
  const extension = modelExtension(name)
  return extension === undefined ? undefined : name.slice(0, -extension.length)
}

function put<K>(map: Map<K, HostFile[]>, key: K | undefined, file: HostFile): void {
  if (key === undefined) return
  const list = map.get(key)
  if (list === undefined) map.set(key, [file])
  else list.push(file)
}
