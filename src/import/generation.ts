import * as v from 'valibot'

/** How a picture was made, as far as its metadata says. */
export const generationSchema = v.object({
  prompt: v.exactOptional(v.string()),
  negative_prompt: v.exactOptional(v.string()),
  /** A number, or its digits where a JSON reader would round it (ComfyUI draws seeds of 64 bits). */
  seed: v.exactOptional(v.union([v.number(), v.string()])),
  steps: v.exactOptional(v.number()),
  sampler: v.exactOptional(v.string()),
  scheduler: v.exactOptional(v.string()),
  cfg_scale: v.exactOptional(v.number()),
  width: v.exactOptional(v.number()),
  height: v.exactOptional(v.number()),
  clip_skip: v.exactOptional(v.number()),
  /** The program that made it: `A1111`, `Forge`, `SwarmUI`, `ComfyUI`. */
  software: v.exactOptional(v.string()),
  version: v.exactOptional(v.string()),
})

export type Generation = v.InferOutput<typeof generationSchema>

/** What a source says, before it is known to be of the right type: text or number of whatever kind. */
export type GenerationClaims = { readonly [Field in keyof Generation]?: unknown }

const TEXT_FIELDS = ['prompt', 'negative_prompt', 'sampler', 'scheduler', 'software', 'version'] as const
const NUMBER_FIELDS = ['steps', 'cfg_scale', 'width', 'height', 'clip_skip'] as const

/** Keeps what has the right type (numbers may be written as text) and leaves the rest out. */
export function toGeneration(claims: GenerationClaims): Generation {
  const generation: Generation = {}
  for (const field of TEXT_FIELDS) {
    const value = claims[field]
    if (typeof value === 'string' && value !== '') generation[field] = value
  }
  for (const field of NUMBER_FIELDS) {
    const value = toNumber(claims[field])
    if (value !== undefined) generation[field] = value
  }
  const seed = toSeed(claims.seed)
  if (seed !== undefined) generation.seed = seed
  return generation
}

/** `first` where it says something, `second` for the rest. A version is of the program beside it and of no other. */
export function mergeGeneration(first: Generation, second: Generation): Generation {
  const { version, ...rest } = second
  const isSameProgram = first.software === undefined || first.software === second.software
  return { ...rest, ...(version === undefined || !isSameProgram ? {} : { version }), ...first }
}

const NUMBER = /^[+-]?(?:\d{1,15}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,2})?$/i

/** A finite number, written as such or as text; undefined for anything else. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? unsignedZero(value) : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return NUMBER.test(text) ? unsignedZero(Number(text)) : undefined
}

/** JSON has no -0, so that an answer would be another one behind a wire. */
const unsignedZero = (value: number): number => value + 0

function toSeed(value: unknown): number | string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? unsignedZero(value) : undefined
  if (typeof value !== 'string' || !/^-?\d{1,30}$/.test(value.trim())) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? unsignedZero(number) : value.trim()
}

const SIZE = /^(\d{1,6})\s{0,3}[x×]\s{0,3}(\d{1,6})$/i

/** `832x1216` as infotext writes it. */
export function toSize(text: string | undefined): { width: number; height: number } | undefined {
  const match = text === undefined ? null : SIZE.exec(text.trim())
  return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) }
}
