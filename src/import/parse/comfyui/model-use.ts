import type { DependencyType } from '../../dependency.ts'
import { BUILT_IN, typeOfResource } from '../../known-names.ts'
import type { Findings, Mention } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { bothStrengths } from '../../strengths.ts'
import type { GraphNode } from './graph.ts'
import { findDeclared, readDeclared, typeOfFolder } from './match-declared.ts'
import { inputPlace } from './place.ts'
import { filesOfSmallVae, isSmallVae, NO_SMALL_VAE_FILE } from './small-vaes.ts'

/** An input of a node names a model. */
export interface ModelUse {
  readonly node: GraphNode
  readonly input: string
  /** The name, address or AIR as it is written. */
  readonly text: string
  readonly type: DependencyType
  /** False: the node's own switch or strength keeps it from being loaded. */
  readonly on?: boolean | undefined
  /** Why, where the node has more to say than that it is switched off or has no strength. */
  readonly off?: string | undefined
  readonly weight?: number | undefined
  /** On the text encoder, where the node has a strength of its own for it. */
  readonly clipWeight?: number | undefined
  readonly folder?: string | undefined
  readonly urls?: readonly string[] | undefined
  readonly optional?: boolean | undefined
  /** The type is guessed from words only. */
  readonly guessed?: boolean | undefined
  /** The node only says so and loads nothing. */
  readonly trust?: number | undefined
  /** Other places that have a part in it. */
  readonly places?: readonly string[] | undefined
}

/** TensorArt gives its files numbers in place of names. */
const TENSORART = /^EMS-\d{1,20}-EMS(?:\.\w{1,20})?$/i
const HOSTED_BY_TENSORART = 'TensorArt hosts it under this number: elsewhere no file is called so'

/** Words of menus that stand where a file could. */
const NO_FILE = /^(?:disabled?|choose)$/i

export function addUse(use: ModelUse, findings: Findings): void {
  if (NO_FILE.test(use.text.trim())) return
  const { node, input, text, trust } = use
  const place = inputPlace(node, input)
  const reference = readReference(text, place, findings)
  const declared = findDeclared(node, text, use.guessed === true ? undefined : use.type)
  const added = declared === undefined ? undefined : readDeclared(declared, place, findings)
  const type = withBetterType(use, reference.air, declared?.directory)
  const urls = unionOf(reference.urls, use.urls, added?.urls)
  const hashes = [...(reference.hashes ?? []), ...(added?.hashes ?? [])]
  const civitai = reference.civitai ?? added?.civitai
  const folder = added?.folder ?? use.folder
  const skip = reasonToSkip(type.type, text.trim()) ?? (node.active ? use.off : undefined)
  findings.add({
    ...reference,
    ...type,
    ...(urls.length === 0 ? {} : { urls }),
    ...(added?.candidates === undefined ? {} : { candidates: added.candidates }),
    ...(hashes.length === 0 ? {} : { hashes }),
    ...(civitai === undefined ? {} : { civitai }),
    ...bothStrengths(use.weight, use.clipWeight),
    ...(folder === undefined ? {} : { folder }),
    ...(use.optional === true ? { optional: true } : {}),
    ...(skip === undefined ? {} : { skip }),
    ...(trust === undefined ? {} : { trust }),
    ...activity(use),
    evidence: [place, ...(use.places ?? [])],
  })
  if (skip !== NO_SMALL_VAE_FILE || trust !== undefined) return
  for (const file of filesOfSmallVae(text.trim(), place)) findings.add({ ...file, ...activity(use) })
}

function unionOf(...lists: readonly (readonly string[] | undefined)[]): string[] {
  const all = new Set<string>()
  for (const list of lists) for (const text of list ?? []) all.add(text)
  return [...all]
}

/** A claim has no say in whether something is loaded. */
function activity({ node, on, trust }: ModelUse): Pick<Mention, 'active'> {
  if (!node.active) return { active: false }
  return trust === undefined ? { active: on !== false } : {}
}

function reasonToSkip(type: DependencyType, text: string): string | undefined {
  if (type === 'vae' && text === 'pixel_space') return BUILT_IN
  if (type === 'vae' && isSmallVae(text)) return NO_SMALL_VAE_FILE
  return TENSORART.test(text) ? HOSTED_BY_TENSORART : undefined
}

/** A guess gives way to what an AIR or the declared folder says. */
function withBetterType(
  use: ModelUse,
  air: string | undefined,
  directory: string | undefined,
): Pick<Mention, 'type' | 'guessed'> {
  if (use.guessed !== true) return { type: use.type }
  const told = (air === undefined ? undefined : typeOfAir(air)) ?? typeOfFolder(directory)
  return told === undefined ? { type: use.type, guessed: true } : { type: told }
}

/** The type in `urn:air:sdxl:lora:civitai:1@2`; undefined where it is none of ours. */
export function typeOfAir(air: string): DependencyType | undefined {
  const type = typeOfResource(air.split(':', 4)[3])
  return type === 'other' ? undefined : type
}

export const isAir = (text: string): boolean => /^\s{0,20}urn:air:/i.test(text)
