import type { DependencyType, HashEvidence } from '../../dependency.ts'
import { BUILT_IN, moduleType } from '../../known-names.ts'
import type { Findings, Mention } from '../../mention.ts'
import { meansNoModel, parseModelName } from '../../model-name.ts'
import { readReference } from '../../reference.ts'
import { entriesOf, parseJson } from '../json.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'

/**
 * The checkpoint of the picture, out of every place that speaks of it: it is named and hashed under different keys
 * that say nothing of each other, so they are joined here and not by what they have in common.
 */
export function mainModel(table: PairTable, findings: Findings): Mention | undefined {
  const name = table.first('Model')
  const named = name === undefined || meansNoModel(name) ? undefined : readReference(name, at('Model'), findings)
  const hashes = [
    ...(named?.hashes ?? []),
    ...table.all('Model hash').flatMap((hash) => findings.hash(hash, at('Model hash'))),
    ...hashesOf(table, 'model').flatMap((hash) => findings.hash(hash, at('Hashes'))),
  ]
  if (named === undefined && hashes.length === 0) return undefined
  const places = [...(named === undefined ? [] : [at('Model')]), ...hashes.map(({ source }) => source)]
  const [first = at('Model'), ...others] = new Set(places)
  return { ...named, type: 'checkpoint', hashes, evidence: [first, ...others] }
}

/** Values that `Hashes: {…}` holds under a key. */
export function hashesOf(table: PairTable, wanted: string): unknown[] {
  const values: unknown[] = []
  for (const json of table.all('Hashes')) {
    for (const [key, value] of entriesOf(parseJson(json))) if (key.toLowerCase() === wanted) values.push(value)
  }
  return values
}

/** A model under a key of its own, with its hash under a second one and perhaps in `Hashes`. */
interface SingleKeys {
  readonly type: DependencyType
  readonly name: string
  readonly hash?: string
  readonly inHashes?: string
}

const SINGLE: readonly SingleKeys[] = [
  { type: 'vae', name: 'VAE', hash: 'VAE hash', inHashes: 'vae' },
  { type: 'checkpoint', name: 'Refiner', hash: 'Refiner hash', inHashes: 'refiner' },
  { type: 'checkpoint', name: 'Hires checkpoint' },
]

/** SD.Next's words for VAEs that are no file. */
const VAE_WITHOUT_FILE = /^(?:taesd|remote)$/i

/** Further models that belong to the base: VAE, refiner, checkpoint of the high-resolution pass, Forge's modules. */
export function addBaseModels(table: PairTable, findings: Findings): void {
  for (const keys of SINGLE) addSingle(keys, table, findings)
  for (const { key, value } of table.matching(/^(?:Hires )?Module \d{1,2}$/i)) {
    const { stem } = parseModelName(value)
    findings.add({ type: moduleType(stem), ...readReference(value, at(key), findings), evidence: [at(key)] })
  }
}

function addSingle(
  { type, name: key, hash: hashKey, inHashes }: SingleKeys,
  table: PairTable,
  findings: Findings,
): void {
  const name = table.first(key)
  const hashes = hashKey === undefined ? [] : [...findings.hash(table.first(hashKey), at(hashKey))]
  if (inHashes !== undefined) {
    for (const hash of hashesOf(table, inHashes)) hashes.push(...findings.hash(hash, at('Hashes')))
  }
  if (name !== undefined || hashes.length > 0) addNamed({ type, key, name, hashes }, findings)
}

interface NamedModel {
  readonly type: DependencyType
  readonly key: string
  readonly name: string | undefined
  readonly hashes: readonly HashEvidence[]
}

function addNamed({ type, key, name, hashes }: NamedModel, findings: Findings): void {
  const read = name === undefined ? {} : readReference(name, at(key), findings)
  const all = [...(read.hashes ?? []), ...hashes]
  const places = [...(name === undefined ? [] : [at(key)]), ...all.map(({ source }) => source)]
  const [first = at(key), ...others] = new Set(places)
  const skip = type === 'vae' && VAE_WITHOUT_FILE.test(read.name ?? '') ? { skip: BUILT_IN } : {}
  findings.add({ ...read, type, hashes: all, ...skip, evidence: [first, ...others] })
}
