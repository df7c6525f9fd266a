import type { DependencyType } from '../dependency.ts'
import { upscaler } from '../known-names.ts'
import { FURTHER_PROMPTS } from '../parse/infotext/extensions.ts'
import { remembered } from '../remembered.ts'
import { rewriteHashKeys, rewriteNamedHashes, rewriteNames, rewriteRecipe } from './named-hashes.ts'
import type { FindInText } from './tags.ts'

/** What is done with names within the value of a key. */
export interface Rewriting {
  /** A name with or without its hash behind it. */
  readonly name: (value: string, type: DependencyType | undefined) => string | undefined
  readonly prompt: (value: string) => string
  /** Names in lists that leave out letters, and others. */
  readonly bare: FindInText
  readonly find: FindInText
  /** Pairs within a value. */
  readonly pairs: (value: string) => string
}

/** The value with local names; undefined where it stays. */
type RewriteValue = (value: string, how: Rewriting) => string | undefined

const named =
  (type?: DependencyType): RewriteValue =>
  (value, { name }) =>
    name(value, type)

const listed =
  (type: DependencyType): RewriteValue =>
  (value, { find }) =>
    rewriteNames(value, type, find)

const hashed =
  (type: DependencyType): RewriteValue =>
  (value, { bare }) =>
    rewriteNamedHashes(value, type, bare)

/** Upscalers whose words are not the name of their file keep them. */
const upscaling: RewriteValue = (value, { name }) => {
  const { skip, optional, knownFile } = upscaler(value)
  return skip === undefined && optional !== true && knownFile === undefined ? name(value, 'upscaler') : undefined
}

const NTH = '(?: \\d{1,2}(?:st|nd|rd|th))?'

const RULES: readonly (readonly [key: RegExp, rewrite: RewriteValue])[] = [
  [/^(?:Model|(?:Hires )?Module \d{1,2})$/i, named()],
  [/^(?:Refiner|Hires checkpoint)$/i, named('checkpoint')],
  [/^VAE$/i, named('vae')],
  [/^Hypernet$/i, named('hypernetwork')],
  [/^UNet$/i, named('diffusion_model')],
  [/^TE$/i, named('text_encoder')],
  [new RegExp(`^ADetailer model${NTH}$`, 'i'), named('detector')],
  [new RegExp(`^ADetailer checkpoint${NTH}$`, 'i'), named('checkpoint')],
  [new RegExp(`^ADetailer VAE${NTH}$`, 'i'), named('vae')],
  [new RegExp(`^(?:ADetailer ControlNet model${NTH}|ControlNet(?:[ -]\\d{1,2})? Model)$`, 'i'), named('controlnet')],
  [/^ControlNet(?:[ -]\d{1,2})?$/i, (value, { pairs }) => pairs(value)],
  [/^(?:AddNet Model \d{1,2}|Lora_\d{1,3} Model name)$/i, named('lora')],
  [/^Embedding_\d{1,3} name$/i, named('embedding')],
  [/^(?:(?:Hires|SD upscale|Ultimate SD upscale) upscaler|(?:Postprocess u|U)pscaler(?: \d)?)$/i, upscaling],
  [/^Lora (?:hashesh?|weights)$/i, hashed('lora')],
  [/^TI hashes$/i, hashed('embedding')],
  [/^(?:TI|Embeddings)$/i, listed('embedding')],
  [/^Detailer$/i, listed('detector')],
  [/^Hashes$/i, (value, { find }) => rewriteHashKeys(value, find)],
  [/^Recipe metadata$/i, (value, { find }) => rewriteRecipe(value, find)],
  [FURTHER_PROMPTS, (value, { prompt }) => prompt(value)],
]

/** What the value of a key becomes; undefined where the key names no model. */
export const ruleOf = remembered((key) => RULES.find(([pattern]) => pattern.test(key))?.[1])

/** Of a unit of ControlNet, whose value is pairs of its own. */
export const ruleInUnit = (key: string): RewriteValue | undefined =>
  /^Model$/i.test(key) ? named('controlnet') : undefined
