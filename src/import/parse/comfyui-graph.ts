import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { toNumber } from '../generation.ts'
import { BUILT_IN } from '../known-names.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { readGraphGeneration } from './comfyui-generation.ts'
import { BUILT_IN_VAES, modelTypeAt } from './comfyui-loaders.ts'
import { entriesOf, fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { readEmbeddings } from './prompt-tags.ts'

/** ComfyUI's API graph: what was executed. Muted and bypassed nodes are not in it. */
export const comfyuiGraph: PromptParser = { format: 'comfyui', detect, parse }

export interface GraphNode {
  readonly id: string
  readonly className: string
  readonly inputs: JsonObject
}

export type Graph = ReadonlyMap<string, GraphNode>

function detect(input: ParserInput): number {
  const graph = findGraph(input.json())
  if (graph === undefined) return 0
  return graph.size > 1 ? 0.95 : 0.8
}

/** The graph itself, or the one inside `{"prompt": …}`, which may be JSON once more. */
function findGraph(value: unknown): Graph | undefined {
  return readGraph(value) ?? readGraph(fieldOf(value, 'prompt'))
}

function readGraph(value: unknown): Graph | undefined {
  const entries = entriesOf(value)
  const nodes = entries.flatMap(([id, node]): [string, GraphNode][] => {
    const className = textOf(fieldOf(node, 'class_type'))
    const inputs = fieldOf(node, 'inputs')
    if (className === undefined) return []
    return [[id, { id, className, inputs: isJsonObject(inputs) ? inputs : {} }]]
  })
  return nodes.length > 0 && nodes.length * 2 >= entries.length ? new Map(nodes) : undefined
}

const at = (node: GraphNode, input: string): string => `comfyui:prompt node ${node.id} ${input}`

function parse(input: ParserInput): ParsedSource {
  const graph = findGraph(input.json()) ?? new Map<string, GraphNode>()
  const findings = createFindings()
  for (const node of graph.values()) {
    for (const [name, value] of Object.entries(node.inputs)) readInput(node, name, value, graph, findings)
  }
  return {
    format: 'comfyui',
    trust: TRUST.executed,
    mentions: findings.mentions,
    generation: readGraphGeneration(graph),
    warnings: findings.warnings,
  }
}

function readInput(node: GraphNode, name: string, value: JsonValue, graph: Graph, findings: Findings): void {
  if (isJsonObject(value)) {
    readSlot(node, name, value, findings)
    return
  }
  const text = textOf(value) ?? linkedText(value, graph)
  if (text === undefined) return
  const type = modelTypeAt(node.className, name, text)
  if (type === undefined) {
    if (typeof value === 'string') addEmbeddings(node, name, value, findings)
    return
  }
  const place = at(node, name)
  findings.add({
    type,
    ...readReference(text, place, findings),
    ...(type === 'lora' ? loraStrength(node, name) : {}),
    ...(type === 'vae' && BUILT_IN_VAES.has(text) ? { skip: BUILT_IN } : {}),
    evidence: [place],
  })
}

/** An input may be wired to a node that only holds a text. */
function linkedText(value: JsonValue, graph: Graph): string | undefined {
  const source = Array.isArray(value) && typeof value[0] === 'string' ? graph.get(value[0]) : undefined
  if (source === undefined) return undefined
  const names = ['value', 'string', 'text', 'Text', 'ckpt_name', 'air']
  return names.map((name) => textOf(fieldOf(source.inputs, name))).find((text) => text !== undefined)
}

/** `lora_1: {"on": true, "lora": "a.safetensors", "strength": 0.8}`: rgthree's Power Lora Loader. */
function readSlot(node: GraphNode, name: string, slot: JsonObject, findings: Findings): void {
  const lora = textOf(fieldOf(slot, 'lora'))
  if (lora === undefined) return
  const weight = toNumber(fieldOf(slot, 'strength'))
  findings.add({
    type: 'lora',
    ...readReference(lora, at(node, name), findings),
    ...(weight === undefined ? {} : { weight }),
    active: fieldOf(slot, 'on') !== false && weight !== 0,
    evidence: [at(node, name)],
  })
}

/** The strengths beside `lora_name`, or those with the same number for stacks; off only where both are 0. */
function loraStrength(node: GraphNode, input: string): { weight?: number; active?: boolean } {
  const number = /_\d+$/.exec(input)?.[0] ?? ''
  const read = (...names: string[]): number | undefined =>
    names.map((name) => toNumber(fieldOf(node.inputs, name + number))).find((value) => value !== undefined)
  const model = read(
    'strength_model',
    'strength',
    'lora_strength',
    'lora_wt',
    'model_str',
    'model_weight',
    'lora_model_strength',
  )
  const clip = read('strength_clip', 'clip_str', 'clip_weight', 'lora_clip_strength')
  if (model === undefined) return {}
  const switched = textOf(fieldOf(node.inputs, `switch${number}`))
  return { weight: model, active: switched !== 'Off' && (model !== 0 || (clip ?? 0) !== 0) }
}

/** ComfyUI only notes a missing embedding and goes on. */
function addEmbeddings(node: GraphNode, input: string, text: string, findings: Findings): void {
  for (const name of readEmbeddings(text)) {
    findings.add({ type: 'embedding', name, optional: true, evidence: [at(node, input)] })
  }
}
