import type { JsonValue } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import { hasModelExtension } from '../../model-name.ts'
import type { Graph, GraphNode } from './graph.ts'
import { guessType } from './guess-type.ts'
import { followNumber, followScalar, followText, linkAt, literalText } from './links.ts'
import { findDeclared } from './match-declared.ts'
import { isAir, type ModelUse } from './model-use.ts'
import type { NodeClass } from './node-catalog.ts'

/** What is known of a node beside its own words. */
export interface Hints {
  /** What a running ComfyUI says of its class. */
  readonly nodeClass: NodeClass | undefined
  /** The one type that its class loads, where it loads one. */
  readonly only: DependencyType | undefined
}

/** The model that an input of a node names, told by the looks of its value; undefined where it names none. */
export function readUnknown(node: GraphNode, input: string, graph: Graph, hints: Hints): ModelUse | undefined {
  const value = node.inputs[input]
  const listed = hints.nodeClass?.models.get(input)
  const text =
    listed === undefined ? (literalText(value) ?? heldText(value, graph)) : followText(value, input, graph)?.value
  if (text === undefined || text.trim() === '') return undefined
  if (listed !== undefined) return withStrength({ node, input, text, type: listed, guessed: true }, graph)
  if (NEVER_MODELS.test(input) || !looksLikeModel(node, input, text)) return undefined
  const type = (isNameless(input) ? hints.only : undefined) ?? guessType(input, node.className)
  return withStrength({ node, input, text, type, guessed: true }, graph)
}

const NAMELESS = /^widget_\d+$/

/** Whether an input is a value of the editor whose name is not known. */
export const isNameless = (input: string): boolean => NAMELESS.test(input)

/** Inputs whose values are files of other kinds, or no files. */
const NEVER_MODELS =
  /^(?:image|video|audio|mask|filename|file_?name_prefix|filename_prefix|config_name|upscale_method)$/i

/** Inputs that name a model in whatever class, with or without an extension. */
const NAMES_MODEL =
  /^(?:(?:\w{1,40}_)?ckpt_name|lora_name(?:_\d{1,3})?|vae_name|control_?net_name|embedding(?:_name)?)$/

function looksLikeModel(node: GraphNode, input: string, text: string): boolean {
  if (text.includes('\n')) return false
  return NAMES_MODEL.test(input) || hasModelExtension(text) || isAir(text) || findDeclared(node, text) !== undefined
}

const HOLDER = /primitive|string|text|constant|selector|picker/i

/** The text of a node that does nothing but hold one. */
function heldText(value: JsonValue | undefined, graph: Graph): string | undefined {
  const source = linkAt(value, graph)?.node
  if (source === undefined || !HOLDER.test(source.className)) return undefined
  const text = literalText(source.inputs['value']) ?? literalText(source.inputs['string'])
  return text !== undefined && hasModelExtension(text) ? text : undefined
}

const STRENGTHS = ['strength_model', 'strength', 'lora_strength', 'lora_wt', 'model_str', 'model_weight', 'weight']
const CLIP_STRENGTHS = ['strength_clip', 'clip_str', 'clip_weight', 'lora_clip_strength', 'clip_strength']
const SWITCHES = ['switch', 'enabled', 'enable', 'on', 'toggle', 'active']

/** The strengths and the switch beside a LoRA, those with the same number for stacks. */
function withStrength(use: ModelUse, graph: Graph): ModelUse {
  if (use.type !== 'lora') return use
  const { node, input } = use
  const number = /_?\d{1,3}$/.exec(input)?.[0] ?? ''
  const read = (names: readonly string[]): number | undefined =>
    names.map((name) => followNumber(node.inputs[name + number], name, graph)).find((value) => value !== undefined)
  const [weight, clipWeight] = [read([...STRENGTHS, 'lora_model_strength']), read(CLIP_STRENGTHS)].map(toNumber)
  const known = [weight, clipWeight].filter((value) => value !== undefined)
  const isOff = SWITCHES.some((name) => OFF.has(followScalar(node.inputs[name + number], name, graph)))
  return { ...use, weight, clipWeight, on: !isOff && !(known.length > 0 && known.every((value) => value === 0)) }
}

const OFF: ReadonlySet<unknown> = new Set([false, 'Off', 'off', 'False', 'false'])
