import type { DependencyType } from '../dependency.ts'
import { toNumber } from '../generation.ts'
import type { Findings } from '../mention.ts'
import { isZero, type Strengths, strengthsOf } from '../strengths.ts'

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

/** As savers of ComfyUI write it, whose loaders have the strength on the main model first. */
export const COMFY_TAGS: TagDialect = new Map(A1111_TAGS)

const MODEL_FIRST: ReadonlySet<TagDialect> = new Set([SWARM_TAGS, COMFY_TAGS])

/** Adds the models that the tags of a prompt name. `place` is where the prompt stands: `infotext:prompt`. */
export function addTags(text: string, place: string, dialect: TagDialect, findings: Findings): void {
  for (const { kind, args } of readTags(text)) {
    const type = dialect.get(kind)
    const name = args[0]?.trim()
    if (type === undefined || name === undefined || name === '') continue
    const strengths = MODEL_FIRST.has(dialect) ? modelFirst(args.slice(1)) : encoderFirst(args.slice(1))
    findings.add({
      type,
      name,
      ...(type === 'embedding' ? {} : { ...strengths, active: !isZero(strengths) }),
      evidence: [place],
    })
  }
}

/** `0.4:0.2`: main model, then text encoder, which is as the other where it is missing. */
function modelFirst([first, second]: readonly string[]): Strengths {
  const model = strength(first) ?? 1
  return strengthsOf(model, model, strength(second) ?? model)
}

/**
 * The strengths in the arguments behind a name: `0.8`, `te=0.5`, `0.5:0.8` (text encoder, then U-Net), a
 * schedule `0.0@0,0.8@0.5` (its strongest step counts). What is no number (`lbw=MIDD`) is left to its
 * extension. 1 where nothing is said; the weight is 0 only where both parts are off.
 */
function encoderFirst(args: readonly string[]): Strengths {
  if (args.length < 2 && args[0]?.includes('=') !== true) return strengthsOf(strength(args[0]) ?? 1)
  const positional = args.filter((arg) => !arg.includes('='))
  const named = (key: string): number | undefined =>
    strength(args.find((arg) => arg.trim().toLowerCase().startsWith(`${key}=`))?.split('=')[1])
  const textEncoder = named('te') ?? strength(positional[0]) ?? 1
  const unet = named('unet') ?? strength(positional[1]) ?? textEncoder
  return strengthsOf(textEncoder === 0 ? unet : textEncoder, unet, textEncoder)
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
