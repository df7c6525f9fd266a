import { toNumber } from '../../generation.ts'
import { type Findings, TRUST } from '../../mention.ts'
import { hasModelExtension } from '../../model-name.ts'
import { fieldOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { guessType } from './guess-type.ts'
import { type Followed, followText, type Step } from './links.ts'
import { addUse, isAir, type ModelUse, typeOfAir } from './model-use.ts'
import { inputPlace } from './place.ts'
import { placesOf } from './read-loader.ts'

/** Whether nodes of a class save or show pictures: the models they name are what they were told, not what is loaded. */
export const isSaver = (className: string): boolean =>
  /save|preview/i.test(className) && !/load(?!er version)|selector|lora stack/i.test(className)

const MODEL_NAMES = new Set(['modelname', 'model_name', 'ckpt_name', 'checkpoint', 'checkpoint_name', 'base_model'])
const NO_MODELS = /prefix|path|folder|directory|filename|positive|negative|prompt/i
const ADDED_HASHES = 'additional_hashes'

/** The inputs of other nodes that a saver is told names of models by. */
export function claimSteps(node: GraphNode, graph: Graph): Step[] {
  const told: Step[] = []
  for (const input of Object.keys(node.inputs)) {
    if (!isNamed(input) && input !== ADDED_HASHES) continue
    told.push(...(followText(fieldOf(node.inputs, input), input, graph)?.steps ?? []))
  }
  return told
}

const isNamed = (input: string): boolean => MODEL_NAMES.has(input.toLowerCase())

/** What a saver claims of models. */
export function addClaims(node: GraphNode, graph: Graph, findings: Findings): void {
  for (const input of Object.keys(node.inputs)) {
    const text = toldBy(node, input, graph)
    if (text === undefined) continue
    const claim = { node, input, trust: TRUST.claim, places: placesOf(text) }
    if (input === ADDED_HASHES) addHashes(text.value, claim, findings)
    else for (const use of namesIn(text.value, claim)) addUse(use, findings)
  }
}

/** Only inputs that are there for names of models are followed to other nodes. */
function toldBy(node: GraphNode, input: string, graph: Graph): Followed<string> | undefined {
  const held = fieldOf(node.inputs, input)
  if (isNamed(input) || input === ADDED_HASHES) return followText(held, input, graph)
  return typeof held === 'string' && !NO_MODELS.test(input) ? { value: held, steps: [] } : undefined
}

type Claim = Omit<ModelUse, 'text' | 'type'>

function namesIn(text: string, claim: Claim): ModelUse[] {
  if (isNamed(claim.input)) return namesOf(text).map((name) => ({ ...claim, text: name, type: 'checkpoint' }))
  if (text.includes('\n') || !hasModelExtension(text)) return []
  return [{ ...claim, text, type: guessType(claim.input, claim.node.className), guessed: true }]
}

/** Several files are separated by commas; a comma inside a name is not followed by another file. */
function namesOf(text: string): string[] {
  const parts = text.split(',', MOST_NAMES).map((part) => part.trim())
  return parts.length > 1 && parts.every(hasModelExtension) ? parts : [text]
}

const MOST_NAMES = 100
const MOST_HASHES = 200

/** `NAME:HASH:WEIGHT, HASH, urn:air:…`: what a user had added to the picture's own hashes. */
function addHashes(text: string, claim: Claim, findings: Findings): void {
  for (const part of text.split(/[,\n]/, MOST_HASHES)) {
    if (isAir(part)) addUse({ ...claim, text: part.trim(), type: typeOfAir(part.trim()) ?? 'other' }, findings)
    else if (part.trim() !== '') addHash(part.split(':'), claim, findings)
  }
}

const HEX = /^\s*(?:0x)?[0-9a-f]{8,64}\s*$/i

function addHash(fields: readonly string[], claim: Claim, findings: Findings): void {
  const place = inputPlace(claim.node, claim.input)
  const at = HEX.test(fields[1] ?? '') ? 1 : 0
  const name = fields.slice(0, at).join(':').trim()
  const hashes = findings.hash(fields[at] ?? '', place)
  const weight = toNumber(fields[at + 1])
  if (name === '' && hashes.length === 0) return
  findings.add({
    // Only networks have a weight.
    type: weight === undefined ? 'other' : 'lora',
    guessed: true,
    ...(name === '' ? {} : { name }),
    hashes,
    ...(weight === undefined ? {} : { weight }),
    ...(claim.node.active ? {} : { active: false }),
    trust: TRUST.claim,
    evidence: [place, ...(claim.places ?? [])],
  })
}
