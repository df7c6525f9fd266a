import { remembered } from '../../remembered.ts'
import type { Graph, GraphNode } from './graph.ts'
import { linkAt } from './links.ts'

/** Classes that save or show something: ComfyUI executes these and what they need. */
const OUTPUT = /save|preview|output|video ?combine|display|show|send|export|upload/i

/** Classes that read files or hold values, whatever else their names say. */
const SOURCE = /(?<!up)load|selector|select$|stack|primitive|note|reroute/i

/** Steps of ComfyUI itself that hand something on: one of them at the end of a chain shows nothing. */
const STEP =
  /^(?:CLIPTextEncode|CLIPSetLastLayer|CLIPVisionEncode|Conditioning|ControlNetApply|VAEDecode|VAEEncode|KSampler(?:Advanced|Select)?$|SamplerCustom|ImageScale|ImageUpscale|LatentUpscale|ModelSampling|FluxGuidance|FreeU|CFGGuider|BasicGuider|BasicScheduler|Lora)/

/**
 * Nodes from which no way leads to one that saves or shows something: ComfyUI never runs them. None where the graph
 * has no such node at all, as a part of a graph has none. A node of an unknown class that nobody uses and that uses
 * others itself counts as one that shows something.
 */
export function findUnused(graph: Graph): ReadonlySet<string> {
  const used = new Set<string>()
  for (const node of graph.values()) {
    for (const source of sourcesOf(node, graph)) if (source !== node) used.add(source.id)
  }
  const ends = [...graph.values()].filter(
    (node) => isSaver(node) || (!used.has(node.id) && isEnd(node, graph) && !STEP.test(node.className)),
  )
  const starts = ends.length > 0 ? ends : [...graph.values()].filter((node) => !used.has(node.id) && isEnd(node, graph))
  if (starts.length === 0) return new Set()
  const reached = reach(starts, graph)
  return new Set([...graph.keys()].filter((id) => !reached.has(id)))
}

const isSource = remembered((className) => SOURCE.test(className))
const isOutput = remembered((className) => OUTPUT.test(className) && !isSource(className))

const isSaver = ({ className }: GraphNode): boolean => isOutput(className)

const isEnd = (node: GraphNode, graph: Graph): boolean => !isSource(node.className) && sourcesOf(node, graph).length > 0

function sourcesOf(node: GraphNode, graph: Graph): GraphNode[] {
  const sources: GraphNode[] = []
  for (const input of Object.keys(node.inputs)) {
    const source = linkAt(node.inputs[input], graph)?.node
    if (source !== undefined) sources.push(source)
  }
  return sources
}

function reach(starts: readonly GraphNode[], graph: Graph): ReadonlySet<string> {
  const reached = new Set(starts.map(({ id }) => id))
  const open = [...starts]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const source of sourcesOf(node, graph)) {
      if (reached.has(source.id)) continue
      reached.add(source.id)
      open.push(source)
    }
  }
  return reached
}
