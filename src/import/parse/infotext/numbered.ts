import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { addWeighted } from './networks.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'

/** Networks of which each has numbered keys of its own. */
export function addNumberedNetworks(table: PairTable, findings: Findings): void {
  addSaved(table, findings)
  addAdditional(table, findings)
}

/** `Lora_0 Model name`, `Lora_0 Model hash`, `Lora_0 Strength model`, `Embedding_0 name`: a saver of ComfyUI. */
function addSaved(table: PairTable, findings: Findings): void {
  for (const { key, value, match } of table.matching(/^(Lora|Embedding)_(\d{1,3}) (?:Model )?name$/i)) {
    const prefix = `${match[1]}_${match[2]}`
    const isLora = match[1]?.toLowerCase() === 'lora'
    const hashKey = `${prefix} ${isLora ? 'Model hash' : 'hash'}`
    const weightKeys = isLora ? [`${prefix} Strength model`, `${prefix} Strength clip`] : []
    const read = readReference(value, at(key), findings)
    const known = isLora ? undefined : 'sha256_12'
    const hashes = [...(read.hashes ?? []), ...findings.hash(table.first(hashKey), at(hashKey), known)]
    addWeighted(isLora ? 'lora' : 'embedding', { table, key, weightKeys }, findings, { ...read, hashes })
  }
}

/** sd-webui-additional-networks: `AddNet Model 1: styleA(0123456789ab)`. */
function addAdditional(table: PairTable, findings: Findings): void {
  const enabled = table.first('AddNet Enabled')?.toLowerCase() !== 'false'
  for (const { key, value, match } of table.matching(/^AddNet Model (\d{1,2})$/i)) {
    const number = match[1]
    const weightKeys = [`AddNet Weight A ${number}`, `AddNet Weight B ${number}`, `AddNet Weight ${number}`]
    addWeighted('lora', { table, key, weightKeys }, findings, readReference(value, at(key), findings), enabled)
  }
}
