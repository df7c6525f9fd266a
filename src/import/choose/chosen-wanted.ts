import { parseAir } from '../../air/air.ts'
import type { WantedModel } from '../../models/fetch/wanted.ts'
import type { Dependency } from '../dependency.ts'
import { toWanted } from '../to-wanted.ts'
import { type Choice, choiceFor } from './choice.ts'

/**
 * What is looked for in place of what the prompt says, where somebody chose a model elsewhere. Neither the prompt's
 * hashes nor its names count then: they may be what was wrong.
 */
export function chosenWanted(dependency: Dependency, choices: readonly Choice[]): WantedModel | undefined {
  const choice: Partial<Choice> = choiceFor(choices, dependency) ?? {}
  const { air, url, sha256, tensor_sha256: tensors, node, name, size_bytes: size, by } = choice
  const { type, folder } = dependency
  const base = { type, hashes: [], names: [], ...(folder === undefined ? {} : { folder }) }
  if (url !== undefined)
    return { ...base, urls: [url], urls_by_caller: true, ...(by === undefined ? {} : { named_by: by }) }
  if (node !== undefined && name !== undefined) {
    const at = { node, names: [name], ...(size === undefined ? {} : { size_bytes: size }) }
    return { ...base, ...at, urls: [], urls_by_caller: true }
  }
  const digests = [
    ...(sha256 === undefined ? [] : [{ algorithm: 'sha256' as const, value: sha256 }]),
    ...(tensors === undefined ? [] : [{ algorithm: 'tensor_sha256' as const, value: tensors }]),
  ]
  if (digests.length > 0) return { ...base, hashes: digests, urls: [], urls_by_caller: true }
  if (air === undefined || parseAir(air) === undefined) return undefined
  const { sha256: _, civitai: __, ...rest } = dependency
  const { civitai, huggingface } = toWanted({ ...rest, air, hashes: [] })
  return {
    ...base,
    ...(civitai === undefined ? {} : { civitai }),
    ...(huggingface === undefined ? {} : { huggingface }),
    urls: [],
    urls_by_caller: true,
  }
}
