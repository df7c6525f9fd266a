import { isJsonObject } from '../../../lib/json.ts'
import type { ParseContext } from '../parser.ts'
import { readClassName } from './class-name.ts'
import { feedersOf } from './feeders.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followText, linkAt } from './links.ts'
import { isPlainClass } from './plain-classes.ts'
import { isPresetLoader } from './presets.ts'

/**
 * Whether a graph can load no model but those that are read off it: the classes of all of its nodes are known, or have
 * nothing that could name one.
 */
export function isWhole(graph: Graph, context: ParseContext): boolean {
  const stacked = feedersOf(graph, STACK)
  for (const node of graph.values()) {
    if (stacked.has(node) && !isUnderstood(node) && !listsModels(node, context)) return false
    if (isUnknown(node, context) && mayLoad(node, graph)) return false
    if (isNamedByNobody(node, graph) || mayReadTags(node, graph)) return false
  }
  return true
}

/** Whether nobody can tell what models a node of its class loads. */
export const isUnknown = (node: GraphNode, context: ParseContext): boolean =>
  !isUnderstood(node) && !listsModels(node, context) && !isHarmless(node, context)

/** A running ComfyUI knows which inputs are menus of models. */
const listsModels = ({ className }: GraphNode, { comfyNodes }: ParseContext): boolean =>
  (comfyNodes?.classes.get(className)?.models.size ?? 0) > 0

/** It has no such menu there. What it does with words or by itself is not known even so. */
const isHarmless = ({ className }: GraphNode, { comfyNodes }: ParseContext): boolean =>
  comfyNodes?.classes.has(className) === true && !LOADS.test(className)

/** Its model comes from a node that is not there. */
const isNamedByNobody = ({ className, inputs }: GraphNode, graph: Graph): boolean =>
  readClassName(className).loader?.models.some(({ input }) => {
    const held = inputs[input]
    return Array.isArray(held) && linkAt(held, graph) === undefined
  }) === true

function isUnderstood({ className }: GraphNode): boolean {
  const { mayName, isSaver, loader } = readClassName(className)
  return (
    !mayName ||
    isSaver ||
    loader !== undefined ||
    isPlainClass(className) ||
    isPresetLoader(className) ||
    className === 'CivitaiModelSelector'
  )
}

/** Nodes that choose for themselves, or load what they are made for, may need no name. */
const LOADS = /lora|lyco|ckpt|checkpoint|model|load|stack|apply|appli|wildcard|embed|random|pick|select/i
/** Inputs that get models with their strengths, whoever listed them. */
const STACK = /stack(?:_?\d{1,3})?$/i
const HOLDS_TEXT = /string|primitive|constant|^text/i

function mayLoad({ className, inputs }: GraphNode, graph: Graph): boolean {
  if (LOADS.test(className)) return true
  return Object.values(inputs).some((value) => {
    if (typeof value === 'string' || isJsonObject(value)) return true
    const source = linkAt(value, graph)
    return source === undefined ? Array.isArray(value) : HOLDS_TEXT.test(source.node.className)
  })
}

const TAG = /<(?:lora|lyco|hypernet):/i

/** LoRAs in a text that is not known, or of whose node nobody knows that it reads them, or that it does not. */
function mayReadTags({ className, inputs }: GraphNode, graph: Graph): boolean {
  const { isSaver, loader } = readClassName(className)
  if (isSaver) return false
  if (loader?.tags !== undefined) {
    return loader.tags.inputs.some((name) => Array.isArray(inputs[name]) && !followText(inputs[name], name, graph))
  }
  if (className.startsWith('CLIPTextEncode') && isPlainClass(className)) return false
  return Object.values(inputs).some((value) => typeof value === 'string' && TAG.test(value))
}
