import type { JsonValue } from '../../../lib/json.ts'
import { fieldOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followNumber, followScalar, linkAt } from './links.ts'

/** What a sampler was told, by itself and by the nodes that it takes its settings from. */
export interface Sampler {
  /** The sampler first, then guider, noise, sigmas, pipes …, the nearest first. */
  readonly nodes: readonly GraphNode[]
  /** The first value that is there under one of the names. */
  read(...names: readonly string[]): JsonValue | undefined
}

/** Inputs that bring settings and no pictures. */
const SETTINGS = [
  'guider',
  'noise',
  'sampler',
  'sigmas',
  'text_embeds',
  'image_embeds',
  'pipe',
  'basic_pipe',
  'ctx',
  'base_ctx',
  'context',
  'sdxl_tuple',
  'settings',
]
const MOST_NODES = 32

/**
 * The sampler that began the picture: the first one whose latent image is empty. Those that only mend parts or enlarge
 * come last. Undefined where nothing looks like a sampler.
 */
export function findSampler(graph: Graph): Sampler | undefined {
  const samplers: GraphNode[] = []
  for (const node of graph.values()) if (node.active && isSampler(node)) samplers.push(node)
  const main = samplers.filter(({ className }) => !/detail|upscal|inpaint|refin/i.test(className))
  const node = main.find((each) => startsEmpty(each, graph)) ?? main[0] ?? samplers[0]
  if (node === undefined) return undefined
  const nodes = settingsOf(node, graph)
  return {
    nodes,
    read(...names) {
      for (const each of nodes) {
        for (const name of names) {
          const value = followScalar(fieldOf(each.inputs, name), name, graph)
          if (value !== undefined) return value
        }
      }
      return undefined
    },
  }
}

function isSampler({ inputs, className }: GraphNode): boolean {
  const has = (name: string): boolean => Object.hasOwn(inputs, name)
  if (has('guider') && has('sigmas')) return true
  if (!has('seed') && !has('noise_seed')) return false
  if (has('positive') || has('sdxl_tuple') || has('text_embeds')) return true
  return /sampl/i.test(className) && (has('pipe') || has('basic_pipe') || has('ctx') || has('context'))
}

function settingsOf(sampler: GraphNode, graph: Graph): GraphNode[] {
  const nodes = new Set([sampler])
  for (const node of nodes) {
    for (const name of SETTINGS) {
      const source = linkAt(node.inputs[name], graph)?.node
      if (source !== undefined && nodes.size < MOST_NODES) nodes.add(source)
    }
  }
  return [...nodes]
}

const LATENTS = [
  'latent_image',
  'latent',
  'samples',
  'latents',
  'image_embeds',
  'optional_latent',
  'pipe',
  'sdxl_tuple',
]
const MOST_STEPS = 16

/** The node that says how large the latent image of a sampler is. */
function latentOf(node: GraphNode, graph: Graph): GraphNode | undefined {
  let at: GraphNode | undefined = node
  for (let step = 0; at !== undefined && step < MOST_STEPS; step += 1) {
    if (step > 0 && isSampler(at)) return undefined
    if (sizeOf(at, graph) !== undefined) return at
    const { inputs }: GraphNode = at
    at = undefined
    for (const name of LATENTS) at ??= linkAt(inputs[name], graph)?.node
  }
  return undefined
}

const startsEmpty = (node: GraphNode, graph: Graph): boolean => {
  const latent = latentOf(node, graph)
  return latent !== undefined && !/upscale|scale|crop|resize/i.test(latent.className)
}

interface Size {
  readonly width: number
  readonly height: number
}

/** Width and height of the picture as it began. */
export function findSize({ nodes }: Sampler, graph: Graph): Size | undefined {
  let latents: GraphNode | undefined
  for (const node of nodes) latents ??= latentOf(node, graph)
  return latents === undefined ? undefined : sizeOf(latents, graph)
}

/** `832 x 1216` and what may stand behind it; where it says `custom`, the numbers count. */
const RESOLUTION = /^(\d{2,5})\s?x\s?(\d{2,5})(?!.*custom)/i

function sizeOf({ inputs }: GraphNode, graph: Graph): Size | undefined {
  for (const name of ['resolution', 'dimensions']) {
    const match = RESOLUTION.exec(String(fieldOf(inputs, name) ?? '').slice(0, 100))
    if (match !== null) return { width: Number(match[1]), height: Number(match[2]) }
  }
  for (const prefix of ['', 'empty_latent_']) {
    const width = followNumber(fieldOf(inputs, `${prefix}width`), 'width', graph)
    const height = followNumber(fieldOf(inputs, `${prefix}height`), 'height', graph)
    if (width !== undefined && height !== undefined) return { width, height }
  }
  return undefined
}
