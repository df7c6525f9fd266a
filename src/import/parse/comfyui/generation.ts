import { type Generation, toGeneration } from '../../generation.ts'
import { fieldOf } from '../json.ts'
import type { Graph } from './graph.ts'
import { followNumber } from './links.ts'
import { readPrompt, type Side } from './prompt-text.ts'
import { findSampler, findSize, type Sampler } from './sampler.ts'

/** What the sampler that began the picture was told. */
export function readGraphGeneration(graph: Graph): Generation {
  const sampler = findSampler(graph)
  if (sampler === undefined) return { software: 'ComfyUI' }
  const size = findSize(sampler, graph)
  return toGeneration({
    prompt: promptOf(sampler, 'positive', graph),
    negative_prompt: promptOf(sampler, 'negative', graph),
    seed: sampler.read('seed', 'noise_seed'),
    steps: sampler.read('steps'),
    sampler: sampler.read('sampler_name'),
    scheduler: sampler.read('scheduler'),
    cfg_scale: sampler.read('cfg'),
    width: size?.width,
    height: size?.height,
    clip_skip: clipSkip(sampler, graph),
    software: 'ComfyUI',
  })
}

const INPUTS: Readonly<Record<Side, readonly string[]>> = {
  positive: ['positive', 'positive_prompt', 'conditioning', 'cond1', 'base_positive'],
  negative: ['negative', 'negative_prompt', 'base_negative'],
}

function promptOf({ nodes }: Sampler, side: Side, graph: Graph): string | undefined {
  for (const node of nodes) {
    for (const input of INPUTS[side]) {
      const text = readPrompt(fieldOf(node.inputs, input), side, graph)
      if (text !== undefined) return text
    }
  }
  return undefined
}

/** ComfyUI counts layers from the end: -2 leaves out one, which others call a skip of 2. */
function clipSkip(sampler: Sampler, graph: Graph): number | undefined {
  let counted: number | undefined
  for (const { className, active, inputs } of graph.values()) {
    if (!active || className !== 'CLIPSetLastLayer') continue
    counted = followNumber(inputs['stop_at_clip_layer'], 'stop_at_clip_layer', graph)
    break
  }
  for (const { inputs } of sampler.nodes) counted ??= followNumber(inputs['clip_skip'], 'clip_skip', graph)
  return counted === undefined ? undefined : Math.abs(counted)
}
