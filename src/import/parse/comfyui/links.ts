import type { JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { hasModelExtension } from '../../model-name.ts'
import { fieldOf, textOf } from '../json.ts'
import { selectedAir } from './civitai-selector.ts'
import type { Graph, GraphNode } from './graph.ts'
import { joinTexts } from './join-texts.ts'

/** The output of a node that an input is wired to. */
export interface Link {
  readonly node: GraphNode
  readonly slot: number
}

/** `["12", 0]`; undefined for anything else, and where the node is not in the graph. */
export function linkAt(value: JsonValue | undefined, graph: Graph): Link | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [id, slot] = value
  if (typeof slot !== 'number' || (typeof id !== 'string' && typeof id !== 'number')) return undefined
  const node = graph.get(String(id))
  return node === undefined ? undefined : { node, slot }
}

/** An input of a node, by its name. */
export interface Step {
  readonly node: GraphNode
  readonly input: string
}

export interface Followed<T> {
  readonly value: T
  /** The inputs of other nodes that it came through, the last one holds it; empty where it stands in its own place. */
  readonly steps: readonly Step[]
}

/** How many nodes are followed from an input to the value that it gets. Also ends circles. */
const MOST_STEPS = 16

/** The text that an input has or gets over links, joined where nodes join it: the file that a loader is told. */
export function followText(
  value: JsonValue | undefined,
  input: string,
  graph: Graph,
  depth = 0,
): Followed<string> | undefined {
  const ofPart = (name: string, part: JsonValue | undefined) => followText(part, name, graph, depth + 1)
  return follow(value, input, graph, literalText, (node) => joinTexts(node, graph, ofPart, depth))
}

/** A text, or the one that some menus keep with a picture: `{"content": "x.safetensors", "image": …}`. */
export const literalText = (value: JsonValue | undefined): string | undefined =>
  textOf(value) ?? textOf(fieldOf(value, 'content'))

/** The number that an input has or gets over links. */
export const followNumber = (value: JsonValue | undefined, input: string, graph: Graph): number | undefined =>
  follow(value, input, graph, toNumber)?.value

/** The text, number or truth value that an input has or gets over links. */
export const followScalar = (value: JsonValue | undefined, input: string, graph: Graph): JsonValue | undefined =>
  follow(value, input, graph, (held) => (typeof held === 'object' ? undefined : held))?.value

type Read<T> = (value: JsonValue | undefined) => T | undefined

/** What a node makes of several of its inputs; undefined where it makes nothing, null where it is not understood. */
type Join<T> = (node: GraphNode) => Followed<T> | undefined | null

function follow<T>(
  start: JsonValue | undefined,
  wanted: string,
  graph: Graph,
  read: Read<T>,
  join?: Join<T>,
): Followed<T> | undefined {
  const steps: Step[] = []
  let value = start
  for (;;) {
    const held = value === undefined ? undefined : read(value)
    if (held !== undefined) return { value: held, steps }
    const link = linkAt(value, graph)
    if (link === undefined || steps.length === MOST_STEPS) return undefined
    const joined = join?.(link.node)
    if (joined === null) return undefined
    if (joined !== undefined) return { value: joined.value, steps: [...steps, ...joined.steps] }
    const handed = handedOn(link, wanted, graph, read)
    if (handed === undefined) return undefined
    steps.push({ node: link.node, input: handed.input })
    value = handed.value
  }
}

interface Handed {
  readonly input: string
  readonly value: JsonValue | undefined
}

/** Inputs of nodes that hold one value and hand it on: primitives, constants, texts. */
const HOLDERS = ['value', 'string', 'text', 'Value', 'Text', 'String', 'int', 'float', 'number', 'air', 'seed', 'name']

/** What leaves a node by an output, as far as it is one of its inputs. */
function handedOn<T>({ node, slot }: Link, wanted: string, graph: Graph, read: Read<T>): Handed | undefined {
  const { inputs } = node
  if (node.className === 'CivitaiModelSelector') return selectedAir(node, slot)
  const known = [wanted, ...HOLDERS].filter((name) => Object.hasOwn(inputs, name))
  const input =
    branchOf(node) ??
    known.find((name) => read(inputs[name]) !== undefined) ??
    known.find((name) => linkAt(inputs[name], graph) !== undefined) ??
    (MAY_BE_LOADED.has(wanted) ? undefined : loneInput(node))
  return input === undefined ? undefined : { input, value: inputs[input] }
}

/** Inputs that elsewhere take a loaded model: the file that its loader names is not meant here. */
export const MAY_BE_LOADED: ReadonlySet<string> = new Set(['model', 'lora', 'motion_model'])

/** ComfyUI's own switch: which of its two inputs it lets through. */
export function branchOf({ inputs }: GraphNode): string | undefined {
  const on = fieldOf(inputs, 'switch')
  if (typeof on !== 'boolean' || !Object.hasOwn(inputs, 'on_true')) return undefined
  return on ? 'on_true' : 'on_false'
}

const HANDS_ON = /reroute|switch|any|get|bus/i

/** Kept, because many inputs may be wired to a node that has many. */
const loneInputs = new WeakMap<GraphNode, { readonly input: string | undefined }>()

/** The one file that a node names, or the one input of a node that only hands on. */
function loneInput(node: GraphNode): string | undefined {
  const known = loneInputs.get(node)
  if (known !== undefined) return known.input
  const names = Object.keys(node.inputs)
  const files = names.filter((name) => hasModelExtension(textOf(node.inputs[name]) ?? ''))
  const links = HANDS_ON.test(node.className) ? names.filter((name) => Array.isArray(node.inputs[name])) : []
  const input = files.length === 1 ? files[0] : links.length === 1 ? links[0] : undefined
  loneInputs.set(node, { input })
  return input
}
