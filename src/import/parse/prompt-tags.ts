import type { DependencyType } from '../dependency.ts'
import { toNumber } from '../generation.ts'
import type { Findings } from '../mention.ts'

/** `<lora:name:0.8>`: the word before the first colon, and what the other colons separate. */
export interface PromptTag {
  readonly kind: string
  readonly args: readonly string[]
}

const OPENING = /<(\w{1,20}):/g
const MOST_TAGS = 1000

/** The `<kind:…>` tags of a prompt, in order, without those of more than one line. Linear in its length. */
export function readTags(text: string): PromptTag[] {
  const tags: PromptTag[] = []
  OPENING.lastIndex = 0
  let match = OPENING.exec(text)
  while (match !== null && tags.length < MOST_TAGS) {
    const close = text.indexOf('>', OPENING.lastIndex)
    if (close < 0) break
    const content = text.slice(OPENING.lastIndex, close)
    if (!content.includes('\n')) tags.push({ kind: (match[1] ?? '').toLowerCase(), args: content.split(':') })
    OPENING.lastIndex = close + 1
    match = OPENING.exec(text)
  }
  return tags
}

/** Which tags name a model, and of which type. */
export type TagDialect = ReadonlyMap<string, DependencyType>

/** A1111 and its forks; LyCORIS files are LoRAs of another folder. */
export const A1111_TAGS: TagDialect = new Map([
  ['lora', 'lora'],
  ['lyco', 'lora'],
  ['hypernet', 'hypernetwork'],
])

export const SWARM_TAGS: TagDialect = new Map([
  ['lora', 'lora'],
  ['embed', 'embedding'],
  ['embedding', 'embedding'],
])

/** Adds the models that the tags of a prompt name. `place` is where the prompt stands: `infotext:prompt`. */
export function addTags(text: string, place: string, dialect: TagDialect, findings: Findings): void {
  for (const { kind, args } of readTags(text)) {
    const type = dialect.get(kind)
    const name = args[0]?.trim()
    if (type === undefined || name === undefined || name === '') continue
    const weight = type === 'embedding' ? undefined : tagWeight(args.slice(1))
    findings.add({
      type,
      name,
      ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
      evidence: [place],
    })
  }
}

/**
 * The strength in the arguments behind a name: `0.8`, `te=0.5`, `0.5:0.8` (text encoder, then U-Net), a
 * schedule `0.0@0,0.8@0.5` (its strongest step counts). What is no number (`lbw=MIDD`) is left to its
 * extension. 1 where nothing is said; 0 only where both parts are off.
 */
export function tagWeight(args: readonly string[]): number {
  if (args.length < 2 && args[0]?.includes('=') !== true) return strength(args[0]) ?? 1
  const positional = args.filter((arg) => !arg.includes('='))
  const named = (key: string): number | undefined =>
    strength(args.find((arg) => arg.trim().toLowerCase().startsWith(`${key}=`))?.split('=')[1])
  const textEncoder = named('te') ?? strength(positional[0]) ?? 1
  const unet = named('unet') ?? strength(positional[1]) ?? textEncoder
  return textEncoder === 0 ? unet : textEncoder
}

function strength(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!text.includes('@')) return toNumber(text)
  const steps = text.split(',', 100).map((step) => toNumber(step.split('@')[0]))
  return steps.reduce((strongest, step) => {
    return step !== undefined && Math.abs(step) > Math.abs(strongest ?? 0) ? step : (strongest ?? step)
  }, undefined)
}

const EMBEDDING = /embedding:([^\s,()[\]:|<>]{1,300})/gi

/** Names behind `embedding:` in the texts of ComfyUI. */
export const readEmbeddings = (text: string): string[] =>
  Array.from(text.slice(0, 1_000_000).matchAll(EMBEDDING), (match) => match[1] ?? '').slice(0, MOST_TAGS)
