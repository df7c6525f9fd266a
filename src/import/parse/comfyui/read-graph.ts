import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { entriesOf, fieldOf, textOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { cleanLabel } from './place.ts'

/**
 * The graph that ComfyUI executed: `{"12": {"class_type": …, "inputs": {…}}}`, or the one under `prompt`. Ids are any
 * strings (`4:1` in a subgraph). Values that are no nodes, such as Civitai's `extra`, are passed over; undefined where
 * less than half of the rest are nodes.
 */
export function readGraph(value: unknown): Graph | undefined {
  if (!isJsonObject(value)) return undefined
  const known = graphs.get(value)
  if (known !== undefined) return known.graph
  const graph = readNodes(value) ?? readNodes(fieldOf(value, 'prompt'))
  graphs.set(value, { graph })
  return graph
}

/** Kept from when it was asked whose the JSON is until it is read. */
const graphs = new WeakMap<JsonObject, { readonly graph: Graph | undefined }>()

/** What stands beside the nodes in graphs of Civitai and in requests. */
const SIBLINGS = new Set(['extra', 'extraMetadata', 'extra_data', 'client_id', 'workflow', 'version'])

function readNodes(value: unknown): Graph | undefined {
  const nodes = new Map<string, GraphNode>()
  let others = 0
  for (const [id, held] of entriesOf(value)) {
    const node = isJsonObject(held) ? held : {}
    const className = textOf(node['class_type'])
    const inputs = node['inputs']
    if (className === undefined) {
      if (!SIBLINGS.has(id)) others += 1
      continue
    }
    nodes.set(id, {
      id,
      className,
      inputs: isJsonObject(inputs) ? inputs : {},
      place: `comfyui:prompt node ${cleanLabel(id)}`,
      active: true,
      declared: [],
    })
  }
  return nodes.size > 0 && nodes.size >= others ? nodes : undefined
}
