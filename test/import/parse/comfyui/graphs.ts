import { createFindings, type Mention, TRUST } from '../../../../src/import/mention.ts'
import type { Graph, GraphNode } from '../../../../src/import/parse/comfyui/graph.ts'
import type { NodeCatalog } from '../../../../src/import/parse/comfyui/node-catalog.ts'
import { readGraph } from '../../../../src/import/parse/comfyui/read-graph.ts'
import { readNodes } from '../../../../src/import/parse/comfyui/read-nodes.ts'

/** A node as ComfyUI writes it. */
export const node = (class_type: string, inputs: Record<string, unknown> = {}): unknown => ({ class_type, inputs })

export function graphOf(value: unknown): Graph {
  const graph = readGraph(JSON.parse(JSON.stringify(value)))
  if (graph === undefined) throw new Error('no graph')
  return graph
}

/** Changes one node of a graph, as an editor's workflow could have it. */
export function withNode(graph: Graph, id: string, change: Partial<GraphNode>): Graph {
  const found = graph.get(id)
  if (found === undefined) throw new Error(`no node ${id}`)
  return new Map([...graph, [id, { ...found, ...change }]])
}

interface Said {
  readonly mentions: readonly Mention[]
  readonly warnings: readonly string[]
}

export function say(graph: Graph, comfyNodes?: NodeCatalog, notRun?: ReadonlySet<string>): Said {
  const findings = createFindings()
  readNodes(graph, findings, { comfyNodes }, notRun)
  return {
    mentions: findings.mentions,
    warnings: findings.warnings.map(({ place, reason }) => `${place}: ${reason}`),
  }
}

/** `lora? name 0.8 (off) (optional) in folder`: a question mark for a guessed type, `(claim)` for what a saver says,
 * `(skipped)` where the reason is not that the node does not load it. */
export function brief(mention: Mention): string {
  const { type, guessed, name, air, civitai, urls, weight, active, optional, folder, skip, trust } = mention
  return [
    guessed === true ? `${type}?` : type,
    name ?? air ?? urls?.[0] ?? `@${civitai?.version_id}`,
    ...(weight === undefined ? [] : [String(weight)]),
    ...(active === false ? ['(off)'] : []),
    ...(skip === undefined || skip.startsWith('Its node ') ? [] : ['(skipped)']),
    ...(optional === true ? ['(optional)'] : []),
    ...(trust === TRUST.claim ? ['(claim)'] : []),
    ...(folder === undefined ? [] : [`in ${folder}`]),
  ].join(' ')
}

/** What one node says alone. */
export const oneSays = (className: string, inputs: Record<string, unknown>): string[] =>
  say(graphOf({ 1: node(className, inputs) })).mentions.map(brief)
