import { toNumber } from '../../generation.ts'
import { fieldOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followScalar } from './links.ts'
import type { Switch } from './loaders/loader.ts'
import { cleanLabel } from './place.ts'

/**
 * Why the switches of a node keep something from being loaded, as a sentence; undefined where none does. A switch that
 * is not there, or that gets its value in an unknown way, says nothing.
 */
export function whyOff(node: GraphNode, switches: readonly Switch[] | undefined, graph: Graph): string | undefined {
  for (const each of switches ?? []) {
    const reason = reasonOf(node, each, graph)
    if (reason !== undefined) return reason
  }
  return undefined
}

function reasonOf(node: GraphNode, { input, off = [], below, wired }: Switch, graph: Graph): string | undefined {
  const held = fieldOf(node.inputs, input)
  if (wired === true) {
    const isWired = held !== undefined && held !== null
    return isWired ? undefined : `Its node loads nothing while nothing is wired to its ${input}`
  }
  const value = followScalar(held, input, graph)
  if (below !== undefined) {
    const count = toNumber(value)
    return count === undefined || count >= below
      ? undefined
      : `Its node uses no more slots than its ${input} says: ${count}`
  }
  return off.some((word) => word === value)
    ? `Its node does not load it: ${input} is ${cleanLabel(String(value))}`
    : undefined
}
