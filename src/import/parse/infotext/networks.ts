import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import { typeOfResource } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { readReference, splitHashSuffix } from '../../reference.ts'
import { entriesOf, parseJson } from '../json.ts'
import { at } from './main-model.ts'
import { parseNamedHashes } from './named-hashes.ts'
import type { PairTable } from './pair-table.ts'

/** LoRAs, embeddings and hypernetworks under keys of their own; those in the prompt's tags are found there. */
export function addNetworks(table: PairTable, findings: Findings): void {
  addLoraHashes(table, findings)
  addEmbeddings(table, findings)
  addHashes(table, findings)
  addNumbered(table, findings)
  addAdditionalNetworks(table, findings)
  const hypernet = table.first('Hypernet')
  if (hypernet !== undefined) {
    const weight = toNumber(table.first('Hypernet strength'))
    addNamed('hypernetwork', hypernet, 'Hypernet', weight, findings)
  }
}

function addNamed(
  type: DependencyType,
  name: string,
  key: string,
  weight: number | undefined,
  findings: Findings,
): void {
  const strength = weight === undefined ? {} : { weight, active: weight !== 0 }
  findings.add({ type, ...readReference(name, at(key), findings), ...strength, evidence: [at(key)] })
}

function addLoraHashes(table: PairTable, findings: Findings): void {
  const key = 'Lora hashes'
  const weights = new Map(
    table
      .all('Lora weights')
      .flatMap(parseNamedHashes)
      .map(({ name, weight }) => [name, weight]),
  )
  // A converter of SwarmUI pictures leaves the weights in Swarm's own parameter, in the order of the hashes.
  const inOrder = (table.first('loraweights') ?? '').split(',').map(toNumber)
  for (const [index, lora] of table.all(key).flatMap(parseNamedHashes).entries()) {
    const weight = lora.weight ?? weights.get(lora.name) ?? inOrder[index]
    findings.add({
      type: 'lora',
      name: lora.name,
      hashes: findings.hash(lora.hash, at(key)),
      ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
      evidence: [at(key)],
    })
  }
}

/** The only proof that a bare word of the prompt is an embedding. Twelve digits here are the whole file's. */
function addEmbeddings(table: PairTable, findings: Findings): void {
  for (const { name, hash } of table.all('TI hashes').flatMap(parseNamedHashes)) {
    const key = 'TI hashes'
    if (name.toLowerCase() === 'ti hashes') continue // some writers repeat the key inside the value
    findings.add({ type: 'embedding', name, hashes: findings.hash(hash, at(key), 'sha256_12'), evidence: [at(key)] })
  }
  for (const name of table.all('TI').flatMap((list) => list.split(',', 1000))) {
    if (name.trim() !== '') findings.add({ type: 'embedding', name: name.trim(), evidence: [at('TI')] })
  }
}

/** `Hashes: {"model": "1a2b3c4d5e", "lora:styleA": "…", "embed:negX": ""}`; the base models are read elsewhere. */
function addHashes(table: PairTable, findings: Findings): void {
  const place = at('Hashes')
  for (const json of table.all('Hashes')) {
    const value = parseJson(json)
    if (value === undefined) findings.warn(place, 'this is not JSON')
    for (const [key, hash] of entriesOf(value)) {
      const colon = key.indexOf(':')
      if (colon < 0) {
        if (!BASE_KEYS.has(key.toLowerCase())) findings.warn(place, 'one of its keys names no kind of model')
        continue
      }
      const type = typeOfResource(key.slice(0, colon))
      const hashes = findings.hash(hash, place, type === 'embedding' ? 'sha256_12' : undefined)
      findings.add({ type, name: key.slice(colon + 1).trim(), hashes, evidence: [place] })
    }
  }
}

const BASE_KEYS = new Set(['model', 'vae', 'refiner'])

/** `Lora_0 Model name`, `Lora_0 Model hash`, `Lora_0 Strength model`, `Embedding_0 name`: a saver of ComfyUI. */
function addNumbered(table: PairTable, findings: Findings): void {
  for (const { key, value, match } of table.matching(/^(Lora|Embedding)_(\d{1,3}) (?:Model )?name$/i)) {
    const prefix = `${match[1]}_${match[2]}`
    const isLora = match[1]?.toLowerCase() === 'lora'
    const hashKey = `${prefix} ${isLora ? 'Model hash' : 'hash'}`
    const model = toNumber(table.first(`${prefix} Strength model`))
    const clip = toNumber(table.first(`${prefix} Strength clip`))
    const read = readReference(value, at(key), findings)
    findings.add({
      type: isLora ? 'lora' : 'embedding',
      ...read,
      hashes: [...(read.hashes ?? []), ...findings.hash(table.first(hashKey), at(hashKey))],
      ...(model === undefined ? {} : { weight: model, active: model !== 0 || (clip ?? 0) !== 0 }),
      evidence: [at(key)],
    })
  }
}

/** sd-webui-additional-networks: `AddNet Model 1: styleA(0123456789ab)`. */
function addAdditionalNetworks(table: PairTable, findings: Findings): void {
  const enabled = table.first('AddNet Enabled')?.toLowerCase() !== 'false'
  for (const { key, value, match } of table.matching(/^AddNet Model (\d{1,2})$/i)) {
    const { name, hash } = splitHashSuffix(value)
    const weightKeys = [`AddNet Weight A ${match[1]}`, `AddNet Weight ${match[1]}`]
    const weight = weightKeys.map((each) => toNumber(table.first(each))).find((each) => each !== undefined)
    findings.add({
      type: 'lora',
      name,
      hashes: findings.hash(hash, at(key)),
      ...(weight === undefined ? {} : { weight }),
      active: enabled && weight !== 0,
      evidence: [at(key)],
    })
  }
}
