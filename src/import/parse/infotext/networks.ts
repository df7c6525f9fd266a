import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { strengthsOf } from '../../strengths.ts'
import { optionalAccelerator } from '../fooocus/accelerator.ts'
import { parseNamedHashes } from './named-hashes.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'
import { softwareOf } from './software.ts'

/** LoRAs, embeddings and hypernetworks under keys of their own; those in the prompt's tags are found before. */
export function addNetworks(table: PairTable, findings: Findings): void {
  addLoraHashes(table, findings)
  addEmbeddings(table, findings)
  addHypernetwork(table, findings)
}

/** One converter of SwarmUI's pictures misspelled it for a while. */
const LORA_HASHES = ['Lora hashes', 'Lora hashesh']

function addLoraHashes(table: PairTable, findings: Findings): void {
  const inTags = namesInTags(findings)
  const weights = new Map(
    table
      .all('Lora weights')
      .flatMap(parseNamedHashes)
      .map(({ name, weight }) => [name, weight]),
  )
  // That converter leaves the weights in Swarm's own parameter, in the order of the hashes.
  const listed = table.first('loraweights')?.replace(/[[\]"\s]/g, '')
  const inOrder = listed?.split(',', 1000).map(toNumber) ?? []
  const performance = softwareOf(table).software === 'Fooocus' ? table.first('Performance') : undefined
  for (const key of LORA_HASHES) {
    for (const [index, lora] of table.all(key).flatMap(parseNamedHashes).entries()) {
      const weight = lora.weight ?? weights.get(lora.name) ?? inOrder[index]
      findings.add({
        type: 'lora',
        name: inTags.get(lora.name) ?? lora.name,
        hashes: findings.hash(lora.hash, at(key)),
        ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
        ...optionalAccelerator(lora.name, performance),
        evidence: [at(key)],
      })
    }
  }
}

/** Names of the prompts' LoRAs as `Lora hashes` has them: commas and colons are lost there. */
const namesInTags = (findings: Findings): ReadonlyMap<string, string> =>
  new Map(
    findings.mentions.flatMap(({ type, name }) =>
      type === 'lora' && name !== undefined && /[,:]/.test(name) ? [[name.replace(/[,:]/g, ''), name] as const] : [],
    ),
  )

/** The only proof that a bare word of the prompt is an embedding. Twelve digits here are the whole file's. */
function addEmbeddings(table: PairTable, findings: Findings): void {
  for (const { name, hash } of table.all('TI hashes').flatMap(parseNamedHashes)) {
    const key = 'TI hashes'
    if (name.toLowerCase() === 'ti hashes') continue // some writers repeat the key inside the value
    findings.add({ type: 'embedding', name, hashes: findings.hash(hash, at(key), 'sha256_12'), evidence: [at(key)] })
  }
  // `Embeddings` is SD.Next's word for them.
  for (const key of ['TI', 'Embeddings']) {
    for (const name of table.all(key).flatMap((list) => list.split(',', 1000))) {
      if (name.trim() !== '') findings.add({ type: 'embedding', name: name.trim(), evidence: [at(key)] })
    }
  }
}

function addHypernetwork(table: PairTable, findings: Findings): void {
  const name = table.first('Hypernet')
  if (name === undefined) return
  const read = readReference(name, at('Hypernet'), findings)
  addWeighted('hypernetwork', { table, key: 'Hypernet', weightKeys: ['Hypernet strength'] }, findings, {
    ...read,
    hashes: [...(read.hashes ?? []), ...findings.hash(table.first('Hypernet hash'), at('Hypernet hash'))],
  })
}

interface Weighted {
  readonly table: PairTable
  readonly key: string
  /** Where its weights stand: on the main model, on the text encoder, on both. The first one that is not 0 counts. */
  readonly weightKeys: readonly string[]
}

/** Adds a network whose weight stands under keys of its own. */
export function addWeighted(
  type: DependencyType,
  { table, key, weightKeys }: Weighted,
  findings: Findings,
  read: ReturnType<typeof readReference>,
  enabled = true,
): void {
  const [model, clip, both] = weightKeys.map((each) => toNumber(table.first(each)))
  const weights = [model, clip, both].filter((each) => each !== undefined)
  const weight = weights.find((each) => each !== 0) ?? weights[0]
  findings.add({
    type,
    ...read,
    ...(weight === undefined ? {} : strengthsOf(weight, model, clip)),
    ...(weight === undefined && enabled ? {} : { active: enabled && weight !== 0 }),
    evidence: [at(key)],
  })
}
