import type { JsonValue } from '../../lib/json.ts'
import type { DependencyType } from '../dependency.ts'
import { toNumber } from '../generation.ts'
import { typeOfResource } from '../known-names.ts'
import type { Mention } from '../mention.ts'
import { civitaiIds, readAir, typeOfAir } from '../reference.ts'
import { fieldOf, textOf } from './json.ts'

/**
 * One of the resources that Civitai lists for a picture: `{"type":"lora","weight":0.8,"modelVersionId":12}`, with an
 * `air` in its place or beside it. Undefined where it names none by id.
 */
export function readResource(entry: JsonValue, place: string): Mention | undefined {
  const air = textOf(fieldOf(entry, 'air'))?.trim() || undefined
  const told = air === undefined ? {} : readAir(air)
  const ids = civitaiIds(fieldOf(entry, 'modelId'), fieldOf(entry, 'modelVersionId'))
  const civitai = ids?.version_id === undefined ? (told.civitai ?? ids) : ids
  if (civitai === undefined && air === undefined) return undefined
  const type = resourceType(fieldOf(entry, 'type'), air)
  const title = textOf(fieldOf(entry, 'modelName'))
  const weight = toNumber(fieldOf(entry, 'weight')) ?? toNumber(fieldOf(entry, 'strength'))
  return {
    type,
    ...(type === 'other' ? { guessed: true } : {}),
    ...(title === undefined || title === '' ? {} : { title }),
    ...told,
    ...(civitai === undefined ? {} : { civitai }),
    ...(weight === undefined || type === 'checkpoint' ? {} : { weight, active: weight !== 0 }),
    evidence: [place],
  }
}

function resourceType(type: JsonValue | undefined, air: string | undefined): DependencyType {
  const told = typeOfResource(type)
  return told === 'other' && air !== undefined ? typeOfAir(air) : told
}
