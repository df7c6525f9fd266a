import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { fieldOf } from '../json.ts'
import { readTags } from '../prompt-tags.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followText } from './links.ts'
import type { TagInputs } from './loaders/loader.ts'
import { addUse } from './model-use.ts'
import { isSwitchedOn, placesOf } from './read-loader.ts'
import { listOf } from './read-slots.ts'

/**
 * The LoRAs in `<lora:name:0.8>`, `<lora:name:0.8:1:LBW=…>` of nodes that load them from texts. The numbers are the
 * strengths on the main model and on the text encoder, the second as the first where it is missing.
 */
export function addLoraTags(node: GraphNode, tags: TagInputs, graph: Graph, findings: Findings): void {
  if (tags.unless !== undefined && Array.isArray(listOf(fieldOf(node.inputs, tags.unless)))) return
  const isOn = (tags.switches ?? []).every((item) => isSwitchedOn(node, item, graph))
  for (const input of tags.inputs) {
    const text = followText(fieldOf(node.inputs, input), input, graph)
    if (text === undefined) continue
    for (const { kind, args } of readTags(text.value)) {
      const [name, ...rest] = args
      if (kind !== 'lora' || name === undefined || name.trim() === '') continue
      const numbers = rest.map(toNumber).filter((number) => number !== undefined)
      const weight = numbers[0] ?? 1
      const isZero = numbers.length > 0 && numbers.slice(0, 2).every((number) => number === 0)
      const places = placesOf(text)
      addUse({ node, input, text: name.trim(), type: 'lora', weight, on: isOn && !isZero, places }, findings)
    }
  }
}
