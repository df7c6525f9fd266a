import type { Graph, GraphNode } from './graph.ts'
import { linkAt } from './links.ts'

/** ComfyUI's own nodes that hand on whatever comes in. */
const HANDS_ON: ReadonlySet<string> = new Set(['Reroute', 'ComfySwitchNode'])

/** The nodes whose outputs go to inputs of that name, also by way of those that only hand on. */
export function feedersOf(graph: Graph, inputName: RegExp): ReadonlySet<GraphNode> {
  const feeders = new Set<GraphNode>()
  for (const { inputs } of graph.values()) {
    for (const [name, value] of Object.entries(inputs)) {
      const source = inputName.test(name) ? linkAt(value, graph) : undefined
      if (source !== undefined) feeders.add(source.node)
    }
  }
  // What is added meanwhile is walked too, and each node once.
  for (const { className, inputs } of feeders) {
    if (!HANDS_ON.has(className)) continue
    for (const value of Object.values(inputs)) {
      const source = linkAt(value, graph)
      if (source !== undefined) feeders.add(source.node)
    }
  }
  return feeders
}
