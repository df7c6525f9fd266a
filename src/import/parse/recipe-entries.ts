import type { JsonObject } from '../../lib/json.ts'
import type { DependencyType } from '../dependency.ts'
import { toNumber } from '../generation.ts'
import type { Findings } from '../mention.ts'
import { civitaiIds, readReference } from '../reference.ts'
import { fieldOf, objectsIn, textOf } from './json.ts'

/**
 * The models of a recipe of Lora-Manager, whether it is a file of its own or stands in an infotext:
 * `{"loras":[{"file_name","hash","strength","modelVersionId","modelName","exclude"}],"checkpoint":{…}}`.
 */
export function addRecipe(recipe: unknown, place: string, findings: Findings): void {
  for (const entry of objectsIn(fieldOf(recipe, 'loras'))) addEntry(entry, 'lora', place, findings)
  const checkpoint = fieldOf(recipe, 'checkpoint')
  for (const entry of objectsIn([checkpoint ?? null])) addEntry(entry, 'checkpoint', place, findings)
}

function addEntry(entry: JsonObject, type: DependencyType, place: string, findings: Findings): void {
  const name = textOf(fieldOf(entry, 'file_name')) || undefined
  const title = (textOf(fieldOf(entry, 'modelName')) ?? textOf(fieldOf(entry, 'name'))) || undefined
  // A checkpoint's own `id` is that of its version.
  const civitai = civitaiIds(fieldOf(entry, 'modelId'), fieldOf(entry, 'modelVersionId') ?? fieldOf(entry, 'id'))
  const read = name === undefined ? {} : readReference(name, place, findings)
  const hashes = [...(read.hashes ?? []), ...findings.hash(fieldOf(entry, 'hash'), place)]
  const weight = type === 'lora' ? toNumber(fieldOf(entry, 'strength')) : undefined
  if (name === undefined && civitai === undefined && hashes.length === 0) return
  findings.add({
    type,
    ...read,
    ...(title === undefined ? {} : { title }),
    ...(civitai === undefined ? {} : { civitai }),
    hashes,
    ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
    ...(fieldOf(entry, 'exclude') === true ? { active: false } : {}),
    evidence: [place],
  })
}
