import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { typeOfResource } from '../../known-names.ts'
import type { Findings, Mention } from '../../mention.ts'
import { civitaiIds, readReference, typeOfAir } from '../../reference.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { readResource } from '../resource-entry.ts'

/** `resources`: names and hashes as the file itself has them, of type `model` for the checkpoint. */
export function addResources(meta: JsonObject, findings: Findings): void {
  const place = 'civitai:meta.resources'
  for (const entry of objectsIn(fieldOf(meta, 'resources'))) {
    const type = typeOfResource(fieldOf(entry, 'type'))
    const name = textOf(fieldOf(entry, 'name'))?.trim() || undefined
    const read = name === undefined ? {} : readReference(name, place, findings)
    const known = type === 'embedding' ? 'sha256_12' : undefined
    const hashes = [...(read.hashes ?? []), ...findings.hash(fieldOf(entry, 'hash'), place, known)]
    const civitai = civitaiIds(fieldOf(entry, 'modelId'), fieldOf(entry, 'modelVersionId')) ?? read.civitai
    if (name === undefined && hashes.length === 0 && civitai === undefined) continue
    findings.add({
      type,
      ...(type === 'other' ? { guessed: true } : {}),
      ...read,
      ...(civitai === undefined ? {} : { civitai }),
      hashes,
      ...strength(type, fieldOf(entry, 'weight')),
      evidence: [place],
    })
  }
}

const strength = (type: Mention['type'], value: JsonValue | undefined): Pick<Mention, 'weight' | 'active'> => {
  const weight = type === 'checkpoint' ? undefined : toNumber(value)
  return weight === undefined ? {} : { weight, active: weight !== 0 }
}

/** `civitaiResources`: exact versions, most of them without a name. */
export const versionsIn = (meta: JsonObject): Mention[] =>
  objectsIn(fieldOf(meta, 'civitaiResources')).flatMap(
    (entry) => readResource(entry, 'civitai:meta.civitaiResources') ?? [],
  )

/** `additionalResources`: AIRs or names, with a strength. */
export function addAdditional(meta: JsonObject, findings: Findings): void {
  const place = 'civitai:meta.additionalResources'
  for (const entry of objectsIn(fieldOf(meta, 'additionalResources'))) {
    const name = textOf(fieldOf(entry, 'name'))?.trim() || undefined
    if (name === undefined) continue
    const read = readReference(name, place, findings)
    const told = typeOfResource(fieldOf(entry, 'type'))
    const type = told === 'other' && read.air !== undefined ? typeOfAir(read.air) : told
    findings.add({
      type,
      ...(type === 'other' ? { guessed: true } : {}),
      ...read,
      ...strength(type, fieldOf(entry, 'strength') ?? fieldOf(entry, 'weight')),
      evidence: [place],
    })
  }
}

/** `modelVersionIds` of the image: the same versions again, and those that nothing else speaks of. */
export function addVersionIds(item: JsonObject, findings: Findings): void {
  const ids = fieldOf(item, 'modelVersionIds')
  for (const id of Array.isArray(ids) ? ids.slice(0, 200) : []) {
    const civitai = civitaiIds(undefined, id)
    if (civitai !== undefined) {
      findings.add({ type: 'other', guessed: true, civitai, evidence: ['civitai:modelVersionIds'] })
    }
  }
}
