import type { JsonValue } from '../../lib/json.ts'
import { type Generation, toGeneration } from '../generation.ts'
import type { Graph, GraphNode } from './comfyui-graph.ts'
import { fieldOf, textOf } from './json.ts'

/** How many nodes are followed from a sampler to the text of its prompt. */
const MOST_STEPS = 12

/** What the graph's first sampler was told. */
export function readGraphGeneration(graph: Graph): Generation {
  const sampler = [...graph.values()].find(
    ({ inputs }) => 'positive' in inputs && ('seed' in inputs || 'noise_seed' in inputs),
  )
  if (sampler === undefined) return { software: 'ComfyUI' }
  const literal = (name: string): unknown => followValue(fieldOf(sampler.inputs, name), graph)
  const latent = nodeAt(fieldOf(sampler.inputs, 'latent_image'), graph)
  return toGeneration({
    prompt: followText(fieldOf(sampler.inputs, 'positive'), 'positive', graph),
    negative_prompt: followText(fieldOf(sampler.inputs, 'negative'), 'negative', graph),
    seed: literal('seed') ?? literal('noise_seed'),
    steps: literal('steps'),
    sampler: literal('sampler_name'),
    scheduler: literal('scheduler'),
    cfg_scale: literal('cfg'),
    width: followValue(fieldOf(latent?.inputs, 'width'), graph),
    height: followValue(fieldOf(latent?.inputs, 'height'), graph),
    software: 'ComfyUI',
  })
}

const nodeAt = (link: JsonValue | undefined, graph: Graph): GraphNode | undefined =>
  Array.isArray(link) && typeof link[0] === 'string' ? graph.get(link[0]) : undefined

/** A value, or that of the node it is wired to. */
function followValue(value: JsonValue | undefined, graph: Graph): JsonValue | undefined {
  const node = nodeAt(value, graph)
  if (node === undefined) return value
  return ['value', 'seed', 'int', 'float', 'string']
    .map((name) => fieldOf(node.inputs, name))
    .find((held) => held !== undefined)
}

/** From a sampler's conditioning back to the text that was encoded. */
function followText(link: JsonValue | undefined, side: 'positive' | 'negative', graph: Graph): string | undefined {
  let next = link
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const node = nodeAt(next, graph)
    if (node === undefined) return undefined
    const fields = ['text', 'string', 'value', 'populated_text', 'text_g', 'prompt']
    const text = fields.map((name) => textOf(fieldOf(node.inputs, name))).find((found) => found !== undefined)
    if (text !== undefined) return text
    const ways = ['text', 'string', side, 'conditioning', 'conditioning_1']
    next = ways.map((name) => fieldOf(node.inputs, name)).find(Array.isArray)
  }
  return undefined
}
