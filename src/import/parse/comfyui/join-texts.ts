import type { JsonValue } from '../../../lib/json.ts'
import { fieldOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import type { Followed, Step } from './links.ts'

const JOINS = /concat|join|append|combine/i
/** `string_a`, `text1`, `string_2`. */
const PART = /^(?:text|string|str)_?(?:[a-z]|\d{1,2})$/i
const DELIMITERS = ['delimiter', 'separator']
/** Longer ones are words for what is put in between: `newline`. */
const MOST_DELIMITER = 3

/** Nodes that join what others have joined, and how much comes of it: one that joins another with itself doubles it. */
const MOST_DEPTH = 16
const MOST_STEPS = 200
const MOST_CHARACTERS = 100_000
/** Of all that is joined in one graph: every node that joins one long text keeps its own. */
const MOST_IN_GRAPH = 20_000_000

const lengths = new WeakMap<Graph, number>()

type Joined = Followed<string> | undefined | null

/** Kept, because many inputs may be wired to one node; null in between, where a circle comes back to it. */
const known = new WeakMap<GraphNode, { readonly joined: Joined }>()

/**
 * The text that a node makes of those in its inputs, and all inputs that have a part in it; undefined for a node that
 * joins nothing, null where a part is not known. `follow` reads one input of it.
 */
export function joinTexts(
  node: GraphNode,
  graph: Graph,
  follow: (name: string, value: JsonValue | undefined) => Followed<string> | undefined,
  depth: number,
): Joined {
  const names = JOINS.test(node.className) ? Object.keys(node.inputs).filter((name) => PART.test(name)) : []
  if (names.length < 2) return undefined
  const found = known.get(node)
  if (found !== undefined || depth === MOST_DEPTH) return found?.joined ?? null
  known.set(node, { joined: null })
  const read = (name: string) => follow(name, fieldOf(node.inputs, name))
  const joined = counted(join(names.sort(byNumber), read, node), graph)
  known.set(node, { joined })
  return joined
}

function counted(joined: Followed<string> | null, graph: Graph): Followed<string> | null {
  const length = (lengths.get(graph) ?? 0) + (joined?.value.length ?? 0)
  if (length > MOST_IN_GRAPH) return null
  lengths.set(graph, length)
  return joined
}

function join(
  names: readonly string[],
  read: (name: string) => Followed<string> | undefined,
  node: GraphNode,
): Followed<string> | null {
  const delimiter = DELIMITERS.find((name) => Object.hasOwn(node.inputs, name))
  const between = delimiter === undefined ? '' : read(delimiter)?.value
  if (between === undefined || between.length > MOST_DELIMITER) return null
  const parts: string[] = []
  const steps: Step[] = []
  for (const input of names) {
    const part = read(input)
    if (part === undefined || steps.length + part.steps.length >= MOST_STEPS) return null
    parts.push(part.value)
    steps.push({ node, input }, ...part.steps)
  }
  const value = parts.join(between)
  return value.length > MOST_CHARACTERS ? null : { value, steps }
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
