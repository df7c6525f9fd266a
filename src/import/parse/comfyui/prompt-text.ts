import type { JsonValue } from '../../../lib/json.ts'
import { fieldOf, textOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { branchOf, linkAt, literalText } from './links.ts'

export type Side = 'positive' | 'negative'

/** Nodes that are looked at for one prompt, and how far they may lie from the sampler. */
const MOST_NODES = 200
const MOST_DEPTH = 32

/** The text behind an input of a sampler, as far as the graph says it; parts that are joined there are joined here. */
export function readPrompt(value: JsonValue | undefined, side: Side, graph: Graph): string | undefined {
  const walk: Walk = { side, graph, left: MOST_NODES }
  const text = textBehind(value, walk, 0)
  return text === undefined || text.trim() === '' ? undefined : text
}

interface Walk {
  readonly side: Side
  readonly graph: Graph
  left: number
}

function textBehind(value: JsonValue | undefined, walk: Walk, depth: number): string | undefined {
  const literal = literalText(value)
  if (literal !== undefined) return literal
  const node = linkAt(value, walk.graph)?.node
  if (node === undefined || depth === MOST_DEPTH || walk.left === 0) return undefined
  walk.left -= 1
  return textOfNode(node, walk, depth + 1)
}

/** Gives an empty picture of what comes in: no text any more. */
const EMPTIES = /zero ?out/i
const JOINS = /concat|join|append|combine|merge|average/i
const HANDS_ON = /reroute|switch|any|get|bus|pipe|context|cond|control|guid/i

function textOfNode(node: GraphNode, walk: Walk, depth: number): string | undefined {
  if (EMPTIES.test(node.className)) return undefined
  const branch = branchOf(node)
  if (branch !== undefined) return textBehind(fieldOf(node.inputs, branch), walk, depth)
  const joined = JOINS.test(node.className) ? joinParts(node, walk, depth) : undefined
  if (joined !== undefined) return joined
  const names = [...textFields(walk.side), ...conditionings(walk.side)]
  for (const name of names) {
    const text = textBehind(fieldOf(node.inputs, name), walk, depth)
    if (text !== undefined && text.trim() !== '') return text
  }
  const first = HANDS_ON.test(node.className) ? Object.values(node.inputs).find(Array.isArray) : undefined
  return textBehind(first, walk, depth)
}

/** Inputs with texts, the most telling first. Of nodes for both sides only the own side's counts. */
const textFields = (side: Side): string[] => [
  `${side}_prompt`,
  `text_${side}`,
  'populated_text',
  'text',
  'text_g',
  'text_l',
  't5xxl',
  'clip_l',
  'clip_g',
  'mt5xl',
  'prompt',
  'prompt_g',
  'user_prompt',
  'caption',
  'tags',
  'string',
  'value',
  'Text',
]

const conditionings = (side: Side): string[] => [
  side,
  `base_${side}`,
  'conditioning',
  'conditioning_1',
  'conditioning_to',
  'cond1',
  'base_conditioning',
  'basic_pipe',
  'pipe',
  'base_ctx',
]

/** Parts with names like `text1`, `string_b`, `conditioning_2`. */
const PART = /^(?:text|string|str|prompt|conditioning)_?(?:[a-z]|\d{1,2}|to|from)?$/i
const MOST_PARTS = 50

function joinParts(node: GraphNode, walk: Walk, depth: number): string | undefined {
  const names = Object.keys(node.inputs).filter((name) => PART.test(name))
  const parts = names
    .slice(0, MOST_PARTS)
    .map((name) => textBehind(fieldOf(node.inputs, name), walk, depth))
    .filter((text) => text !== undefined && text.trim() !== '')
  return parts.length === 0 ? undefined : [...new Set(parts)].join(delimiterOf(node))
}

/** What a node puts between texts; conditionings, which have none, become lines. */
function delimiterOf({ inputs, className }: GraphNode): string {
  const own = textOf(fieldOf(inputs, 'delimiter')) ?? textOf(fieldOf(inputs, 'separator'))
  return own ?? (/cond/i.test(className) ? '\n' : ' ')
}
