import { modelExtension } from '../model-file.ts'
import type { ServedRow } from './served-rows.ts'
import { type SwarmModel, shownName, type UnshelvedModel } from './swarm-model.ts'

/** What a URL calls a model by. */
export interface SwarmReference {
  /** `0x` and the tensor digest, or a name. */
  readonly identifier: string
  /** Tells apart what has the same tensors. */
  readonly filename?: string | undefined
}

/** The models of one subtype. */
export interface SwarmShelf {
  /** In the order of their names. */
  readonly models: readonly SwarmModel[]
  /** As it is listed, or without `.safetensors`. Nothing similar: another model would be worse than none. */
  named(name: string): SwarmModel | undefined
  find(reference: SwarmReference): SwarmModel | undefined
}

export function createShelf(unshelved: readonly UnshelvedModel[]): SwarmShelf {
  const contents = new Map<string, Set<string>>()
  for (const { tensorSha256, sha256 } of unshelved) {
    if (tensorSha256 === null) continue
    const same = contents.get(tensorSha256)
    if (same === undefined) contents.set(tensorSha256, new Set([sha256]))
    else same.add(sha256)
  }
  const models = unshelved
    .map((model): SwarmModel => ({ ...model, isKnownByTensors: contents.get(model.tensorSha256 ?? '')?.size === 1 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const byName = new Map(models.map((model) => [model.name, model]))
  const byTensors = new Map<string, SwarmModel[]>()
  for (const model of models) {
    if (model.tensorSha256 === null) continue
    const same = byTensors.get(model.tensorSha256)
    if (same === undefined) byTensors.set(model.tensorSha256, [model])
    else same.push(model)
  }

  function named(name: string): SwarmModel | undefined {
    // SwarmUI on Windows, and whoever writes the path as one from the root.
    const path = name
      .replaceAll('\\', '/')
      .replaceAll(/\/{2,}/g, '/')
      .replace(/^\//, '')
    for (const spelling of new Set([name, path])) {
      const found = byName.get(spelling) ?? byName.get(`${spelling}.safetensors`)
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    models,
    named,
    find({ identifier, filename }) {
      const digest = /^(?:0x)?([0-9a-f]{64})$/i.exec(identifier)?.[1]?.toLowerCase()
      const same = byTensors.get(digest ?? '') ?? []
      return same.find((model) => model.filename === filename) ?? same[0] ?? named(identifier)
    },
  }
}

/**
 * One name for each of the files, which belong to one subtype. Several roots may hold other bytes under the same name:
 * the first file keeps it, the others get the beginning of their digest (`style/foo~1a2b3c4d.safetensors`), which is the
 * same whatever else comes or goes. The same bytes under the same name are one model.
 */
export function nameUniquely(rows: readonly ServedRow[]): Map<string, ServedRow> {
  const named = new Map<string, ServedRow>()
  const colliding: ServedRow[] = []
  for (const row of rows) {
    const known = named.get(shownName(row))
    if (known === undefined) named.set(shownName(row), row)
    else if (known.sha256 !== row.sha256) colliding.push(row)
  }
  const told = new Set<string>()
  for (const row of colliding) {
    const key = `${row.sha256} ${shownName(row)}`
    if (told.has(key)) continue
    told.add(key)
    let length = MARK_LENGTH
    while (named.has(markedName(row, length))) length += MARK_LENGTH
    named.set(markedName(row, length), row)
  }
  return named
}

const MARK_LENGTH = 8

/** Past the digest's own length it is repeated: a file may really be called so. */
function markedName(row: ServedRow, length: number): string {
  const name = shownName(row)
  const extension = modelExtension(name) ?? ''
  const mark = row.sha256.repeat(Math.ceil(length / row.sha256.length)).slice(0, length)
  return `${name.slice(0, name.length - extension.length)}~${mark}${extension}`
}
