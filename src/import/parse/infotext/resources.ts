import type { JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { typeOfResource } from '../../known-names.ts'
import type { Findings, Mention } from '../../mention.ts'
import { civitaiIds, civitaiOfAir } from '../../reference.ts'
import { fieldOf, objectsIn, parseJson, textOf } from '../json.ts'
import { at } from './main-model.ts'
import type { PairTable } from './pair-table.ts'

/** Exact versions of Civitai's generator and of savers that look them up: the best evidence there is. */
export function civitaiResources(table: PairTable, findings: Findings): Mention[] {
  const listed = jsonValues(table, 'Civitai resources', findings)
  const metadata = jsonValues(table, 'Civitai metadata', findings)
  return [
    ...listed.flatMap((value) => [value, ...(Array.isArray(value) ? value : [])]).flatMap(versionList),
    ...listed.flatMap(objectsIn).flatMap((entry) => resource(entry, 'Civitai resources')),
    ...metadata
      .flatMap((value) => objectsIn(fieldOf(value, 'resources')))
      .flatMap((entry) => resource(entry, 'Civitai metadata')),
  ]
}

function jsonValues(table: PairTable, key: string, findings: Findings): JsonValue[] {
  return table.all(key).flatMap((text) => {
    const value = parseJson(text)
    if (value === undefined) findings.warn(at(key), 'this is not JSON, or it is cut off')
    return value === undefined ? [] : [value]
  })
}

/** Some entries name nothing but `modelVersionIds`. */
function versionList(entry: JsonValue): Mention[] {
  const ids = fieldOf(entry, 'modelVersionIds')
  return (Array.isArray(ids) ? ids.slice(0, 100) : []).flatMap((id) => {
    const civitai = civitaiIds(undefined, id)
    return civitai === undefined
      ? []
      : [{ type: 'other' as const, civitai, evidence: [at('Civitai resources')] as const }]
  })
}

function resource(entry: JsonValue, key: string): Mention[] {
  const air = textOf(fieldOf(entry, 'air'))
  const ids = civitaiIds(fieldOf(entry, 'modelId'), fieldOf(entry, 'modelVersionId'))
  const civitai = ids?.version_id === undefined && air !== undefined ? civitaiOfAir(air) : ids
  if (civitai === undefined && air === undefined) return []
  const type = typeOfResource(fieldOf(entry, 'type') ?? air?.split(':')[3])
  const title = textOf(fieldOf(entry, 'modelName'))
  const weight = toNumber(fieldOf(entry, 'weight')) ?? toNumber(fieldOf(entry, 'strength'))
  return [
    {
      type,
      ...(title === undefined || title === '' ? {} : { title }),
      ...(civitai === undefined ? {} : { civitai }),
      ...(air === undefined ? {} : { air }),
      ...(weight === undefined || type === 'checkpoint' ? {} : { weight, active: weight !== 0 }),
      evidence: [at(key)],
    },
  ]
}

/** Lora-Manager's `Recipe metadata: {"loras":[{"file_name","hash","strength","modelVersionId"}],"checkpoint":{…}}`. */
export function addRecipes(table: PairTable, findings: Findings): void {
  const key = 'Recipe metadata'
  for (const recipe of jsonValues(table, key, findings)) {
    const checkpoint = fieldOf(recipe, 'checkpoint')
    const entries = [
      ...objectsIn(fieldOf(recipe, 'loras')).map((entry) => ({ entry, type: 'lora' as const })),
      ...objectsIn([checkpoint ?? null]).map((entry) => ({ entry, type: 'checkpoint' as const })),
    ]
    for (const { entry, type } of entries) {
      const name = textOf(fieldOf(entry, 'file_name'))
      const title = textOf(fieldOf(entry, 'modelName'))
      const civitai = civitaiIds(fieldOf(entry, 'modelId'), fieldOf(entry, 'modelVersionId'))
      const hashes = findings.hash(fieldOf(entry, 'hash'), at(key))
      const weight = toNumber(fieldOf(entry, 'strength'))
      if (name === undefined && civitai === undefined && hashes.length === 0) continue
      findings.add({
        type,
        ...(name === undefined || name === '' ? {} : { name }),
        ...(title === undefined || title === '' ? {} : { title }),
        ...(civitai === undefined ? {} : { civitai }),
        hashes,
        ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
        ...(fieldOf(entry, 'exclude') === true ? { active: false } : {}),
        evidence: [at(key)],
      })
    }
  }
}
