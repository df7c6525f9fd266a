import type { MetadataText } from '../../media/container.ts'
import { entriesOf, fieldOf, parseJson, textOf } from './json.ts'

/**
 * Programs that spread one record over several texts of a file: they are joined to one text of JSON, so that their
 * parsers need not look into others' texts. The texts that were joined are gone then.
 */
export function joinKeys(texts: readonly MetadataText[]): MetadataText[] {
  return joinEasyDiffusion(joinNovelAi(withoutRetelling(texts)))
}

/**
 * Draw Things tells its record once more in words for people, who write `<lora:…>` into prompts though it means nothing
 * there: to other parsers it would.
 */
function withoutRetelling(texts: readonly MetadataText[]): MetadataText[] {
  const isOfDrawThings = texts.some(({ key, text }) => key === 'xmp:CreatorTool' && text.trim() === 'Draw Things')
  const hasRecord = texts.some(({ key, text }) => key === 'exif:UserComment' && entriesOf(parseJson(text)).length > 0)
  return isOfDrawThings && hasRecord ? texts.filter(({ key }) => key !== 'dc:description') : [...texts]
}

const NOVELAI_KEYS = ['Title', 'Description', 'Software', 'Source', 'Comment'] as const
/** Where NovelAI's WebP files have them: in tags of EXIF. */
const NOVELAI_EXIF = new Map([
  ['DocumentName', 'Title'],
  ['ImageDescription', 'Description'],
  ['UserComment', 'Comment'],
])

function joinNovelAi(texts: readonly MetadataText[]): MetadataText[] {
  const software = texts.find(({ key, text }) => key === 'Software' && text.trim() === 'NovelAI')
  if (software === undefined) return [...texts]
  const named = (text: MetadataText): string => NOVELAI_EXIF.get(text.key) ?? text.key
  const parts = texts.filter((text) => NOVELAI_KEYS.some((key) => key === named(text)))
  return join(texts, parts, 'novelai', (text) => wholeRecord(text) ?? [[named(text), text.text]])
}

/** In WebP files the comment is the whole record, which holds a comment again. */
function wholeRecord({ text }: MetadataText): [string, unknown][] | undefined {
  const value = text.includes('"Comment"') ? parseJson(text) : undefined
  return textOf(fieldOf(value, 'Comment')) === undefined ? undefined : entriesOf(value)
}

/** Keys of Easy Diffusion's record, of which each has a tEXt chunk of its own. */
const EASY_DIFFUSION_KEY =
  /^(?:use_[a-z_]+|prompt|negative_prompt|seed|width|height|num_inference_steps|guidance_scale|sampler_name|scheduler_name|clip_skip|lora_alpha|hypernetwork_strength|prompt_strength|control_alpha|tiling|output_format)$/

function joinEasyDiffusion(texts: readonly MetadataText[]): MetadataText[] {
  if (!texts.some(({ key }) => key === 'use_stable_diffusion_model')) return [...texts]
  const parts = texts.filter(({ key }) => EASY_DIFFUSION_KEY.test(key))
  return join(texts, parts, 'easydiffusion', ({ key, text }) => [[key, text]])
}

/** @param entriesOfText what a text is in the record */
function join(
  texts: readonly MetadataText[],
  parts: readonly MetadataText[],
  key: string,
  entriesOfText: (text: MetadataText) => readonly (readonly [string, unknown])[],
): MetadataText[] {
  const [first] = parts
  if (first === undefined) return [...texts]
  const record = Object.fromEntries(parts.flatMap(entriesOfText))
  const place = first.place.slice(0, first.place.lastIndexOf(':') + 1) + key
  const gone = new Set(parts)
  return [{ place, key, text: JSON.stringify(record) }, ...texts.filter((text) => !gone.has(text))]
}
