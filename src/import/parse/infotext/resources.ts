import type { JsonValue } from '../../../lib/json.ts'
import type { Findings, Mention } from '../../mention.ts'
import { civitaiIds } from '../../reference.ts'
import { fieldOf, objectsIn, parseJson } from '../json.ts'
import { addRecipe } from '../recipe-entries.ts'
import { readResource } from '../resource-entry.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'

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
  const read = readResource(entry, at(key))
  return read === undefined ? [] : [read]
}

/** Lora-Manager's `Recipe metadata: {…}` below the parameters. */
export function addRecipes(table: PairTable, findings: Findings): void {
  const key = 'Recipe metadata'
  for (const recipe of jsonValues(table, key, findings)) addRecipe(recipe, at(key), findings)
}
