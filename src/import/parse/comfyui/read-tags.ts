import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { fieldOf } from '../json.ts'
import { readTags } from '../prompt-tags.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followText, linkAt } from './links.ts'
import type { NodeLoader } from './loaders/loader.ts'
import { addUse } from './model-use.ts'
import { inputPlace } from './place.ts'
import { placesOf } from './read-loader.ts'
import { listOf } from './read-slots.ts'
import { whyOff } from './why-off.ts'

const NOT_READ = 'its text comes from another node in a way that is not understood: LoRAs that it names may be missing'

/**
 * The LoRAs in `<lora:name:0.8>`, `<lora:name:0.8:1:LBW=…>` of nodes that load them from texts. The numbers are the
 * strengths on the main model and on the text encoder, the second as the first where it is missing.
 */
export function addLoraTags(node: GraphNode, { tags, models }: NodeLoader, graph: Graph, findings: Findings): void {
  if (tags === undefined) return
  if (tags.unless !== undefined && Array.isArray(listOf(fieldOf(node.inputs, tags.unless)))) return
  const off = whyOff(node, tags.switches, graph)
  for (const input of tags.inputs) {
    const held = fieldOf(node.inputs, input)
    const text = followText(held, input, graph)
    if (text === undefined) {
      const isLost = models.length === 0 && off === undefined && linkAt(held, graph) !== undefined
      if (isLost) findings.warn(inputPlace(node, input), NOT_READ)
      continue
    }
    for (const { name, weight, clipWeight, isZero } of readLoras(text.value)) {
      const on = off === undefined && !isZero
      const places = placesOf(text)
      addUse({ node, input, text: name, type: 'lora', weight, clipWeight, on, off, places }, findings)
    }
  }
}

interface LoraTag {
  readonly name: string
  readonly weight: number
  readonly clipWeight: number | undefined
  readonly isZero: boolean
}

/** The LoRAs in the tags of a text. */
export function readLoras(text: string): LoraTag[] {
  return readTags(text).flatMap(({ kind, args }): LoraTag[] => {
    const [name, ...rest] = args
    if (kind !== 'lora' || name === undefined || name.trim() === '') return []
    const numbers = rest.map(toNumber).filter((number) => number !== undefined)
    const isZero = numbers.length > 0 && numbers.slice(0, 2).every((number) => number === 0)
    return [{ name: name.trim(), weight: numbers[0] ?? 1, clipWeight: numbers[1], isZero }]
  })
}
