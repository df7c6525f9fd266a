import { isJsonObject } from '../../../lib/json.ts'
import type { ParseContext } from '../parser.ts'
import { readClassName } from './class-name.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followText, linkAt } from './links.ts'
import type { NodeCatalog } from './node-catalog.ts'
import { isPlainClass } from './plain-classes.ts'
import { isPresetLoader } from './presets.ts'

/**
 * Whether a graph can load no model but those that are read off it: the classes of all of its nodes are known, or have
 * nothing that could name one.
 */
export function isWhole(graph: Graph, { comfyNodes }: ParseContext): boolean {
  for (const node of graph.values()) {
    if (!isUnderstood(node) && !tellsItsModels(node, comfyNodes) && mayLoad(node, graph)) return false
    if (isNamedByNobody(node, graph) || mayReadTags(node, graph)) return false
  }
  return true
}

/** A running ComfyUI knows which inputs are menus of models, not what a class without one does with words or by itself. */
function tellsItsModels({ className }: GraphNode, comfyNodes: NodeCatalog | undefined): boolean {
  const known = comfyNodes?.classes.get(className)
  return known !== undefined && (known.models.size > 0 || !LOADS.test(className))
}

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

/** Nodes that choose for themselves may need no name. */
const LOADS = /lora|lyco|ckpt|checkpoint|model|load|wildcard|embed|random|pick|select/i
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
