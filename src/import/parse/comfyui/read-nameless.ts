import type { Findings } from '../../mention.ts'
import { meansNoModel } from '../../model-name.ts'
import { textOf } from '../json.ts'
import type { GraphNode } from './graph.ts'
import type { NodeLoader } from './loaders/loader.ts'
import { addUse, typeOfAir } from './model-use.ts'
import { inputPlace } from './place.ts'
import { readLoras } from './read-tags.ts'
import { isNameless } from './read-unknown.ts'

/** These show what others made: nothing is loaded from it. */
const SHOWS = /show|display|preview|view|debug|\blog\b/i
const TAG = /<lora:/i
const AIR = /urn:air:[\w.-]{1,100}(?::[\w.@+-]{1,200}){2,6}/gi
const MOST_CHARACTERS = 1_000_000
const MOST_AIRS = 100

/**
 * Models in a text that stands in a list of values without names: nobody knows whether its node loads them, so their
 * type is a guess.
 */
export function addNameless(node: GraphNode, input: string, text: string, findings: Findings): void {
  const searched = text.slice(0, MOST_CHARACTERS)
  if (SHOWS.test(node.className)) return
  const loras = TAG.test(searched) ? readLoras(searched) : []
  for (const { name, weight, clipWeight, isZero } of loras) {
    addUse({ node, input, text: name, type: 'lora', weight, clipWeight, on: !isZero, guessed: true }, findings)
  }
  if (TAG.test(searched) && loras.length === 0) {
    findings.warn(inputPlace(node, input), 'its <lora:…> tags are damaged: what they name is left out')
  }
  for (const air of new Set(Array.from(searched.matchAll(AIR), ([found]) => found).slice(0, MOST_AIRS))) {
    addUse({ node, input, text: air, type: typeOfAir(air) ?? 'other', guessed: true }, findings)
  }
}

const LOADS = /load|stack|select|picker/i
const MODELS = /lora|lyco|checkpoint|ckpt|unet|diffusion|vae\b|control_?net|model|embedding/i
/** Words of menus, and texts that are no names. */
const NO_NAME =
  /^(?:cpu|gpu|cuda(?::\d+)?|rocm|mps|auto|default|main|on|off|yes|no|true|false|enabled?|disabled?|simple|advanced|all|(?:b?fp|bf|int|float|bfloat)\d[\w.]{0,20}|nf4|sdpa|.{0,20}_device|.{0,20}_attn.{0,10})$/i
const LONGEST_NAME = 300

const NOT_IN_ORDER = 'the order of its values is not known here: a model that one of them names may be missing'

/** Tells of a node that loads models by its class, if it names none and has values that could name one. */
export function warnOfNameless(node: GraphNode, loader: NodeLoader | undefined, findings: Findings): void {
  const isLoader = loader !== undefined || (LOADS.test(node.className) && MODELS.test(node.className))
  if (!node.active || !isLoader || namesItsInputs(node, loader)) return
  const input = Object.keys(node.inputs).find((name) => isNameless(name) && mayBeName(textOf(node.inputs[name])))
  if (input !== undefined) findings.warn(inputPlace(node, input), NOT_IN_ORDER)
}

function namesItsInputs({ inputs }: GraphNode, loader: NodeLoader | undefined): boolean {
  const names = [
    ...(loader?.models.map(({ input }) => input) ?? []),
    ...(loader?.tags?.inputs ?? []),
    ...(loader?.lists === undefined ? [] : [loader.lists.names]),
  ]
  return names.some((name) => Object.hasOwn(inputs, name))
}

const mayBeName = (text = ''): boolean =>
  /\p{L}/u.test(text) &&
  text.length <= LONGEST_NAME &&
  !text.includes('\n') &&
  !meansNoModel(text) &&
  !NO_NAME.test(text)
