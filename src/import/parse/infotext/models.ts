import type { Findings, Mention } from '../../mention.ts'
import { addAccelerator } from '../fooocus/accelerator.ts'
import { A1111_TAGS, addTags, COMFY_TAGS } from '../prompt-tags.ts'
import { addControlNets } from './control-nets.ts'
import { addExtensions, furtherPrompts } from './extensions.ts'
import { addHashes } from './hashes.ts'
import { addBaseModels, mainModel } from './main-model.ts'
import { addNetworks } from './networks.ts'
import { addNumberedNetworks } from './numbered.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'
import { addRecipes, civitaiResources } from './resources.ts'
import { isOfComfySaver, softwareOf } from './software.ts'

export interface PromptText {
  /** Where it stands: `infotext:prompt`. */
  readonly place: string
  readonly text: string
}

/** Every model that the pairs of an infotext name, and the tags of its prompts. */
export function addModels(table: PairTable, prompts: readonly PromptText[], findings: Findings): void {
  const resources = civitaiResources(table, findings)
  addMainModel(table, resources, findings)
  addBaseModels(table, findings)
  // The tags before the keys that list the same networks, whose names lack some letters there.
  const tags = isOfComfySaver(table) ? COMFY_TAGS : A1111_TAGS
  for (const { place, text } of prompts) addTags(text, place, tags, findings)
  for (const { key, value } of furtherPrompts(table)) addTags(value, at(key), tags, findings)
  addNetworks(table, findings)
  addHashes(table, findings)
  addNumberedNetworks(table, findings)
  for (const resource of resources) findings.add(resource)
  addRecipes(table, findings)
  addControlNets(table, findings)
  addExtensions(table, findings)
  if (softwareOf(table).software === 'Fooocus') addAccelerator(table.first('Performance'), at('Performance'), findings)
}

/** A single checkpoint among Civitai's resources is the one that `Model` names, though nothing says so. */
function addMainModel(table: PairTable, resources: readonly Mention[], findings: Findings): void {
  const main = mainModel(table, findings)
  if (main === undefined) return
  const versions = new Set(resources.filter(isCheckpoint).map(({ civitai, air }) => civitai?.version_id ?? air))
  const same = versions.size === 1 ? resources.find(isCheckpoint) : undefined
  if (same === undefined) findings.add(main)
  else findings.add({ ...same, ...main, evidence: [...main.evidence, ...same.evidence] })
}

const isCheckpoint = ({ type }: Mention): boolean => type === 'checkpoint'
