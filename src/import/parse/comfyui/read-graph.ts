import { isJsonObject } from '../../../lib/json.ts'
import { entriesOf, fieldOf, textOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { cleanLabel } from './place.ts'

/**
 * The graph that ComfyUI executed: `{"12": {"class_type": …, "inputs": {…}}}`, or the one under `prompt`. Ids are any
 * strings (`4:1` in a subgraph). Values that are no nodes, such as Civitai's `extra`, are passed over; undefined where
 * less than half of the rest are nodes.
 */
export const readGraph = (value: unknown): Graph | undefined => readNodes(value) ?? readNodes(fieldOf(value, 'prompt'))

/** What stands beside the nodes in graphs of Civitai and in requests. */
const SIBLINGS = new Set(['extra', 'extraMetadata', 'extra_data', 'client_id', 'workflow', 'version'])

function readNodes(value: unknown): Graph | undefined {
  const nodes = new Map<string, GraphNode>()
  let others = 0
  for (const [id, held] of entriesOf(value)) {
    const className = textOf(fieldOf(held, 'class_type'))
    const inputs = fieldOf(held, 'inputs')
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
