import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { type Generation, toGeneration, toSize } from '../generation.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { mentionsInKeys } from './civitai-image/meta-line.ts'
import { addAdditional, addResources, addVersionIds, versionsIn } from './civitai-image/resources.ts'
import { fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, addTags } from './prompt-tags.ts'

const OWN_LISTS = ['civitaiResources', 'additionalResources']
const OWN_KEYS = ['cfgScale', 'negativePrompt', 'clipSkip', 'Model', 'Model hash', 'hashes', 'Size']

/**
 * An image as Civitai's API has it, alone or in a list of `items`, or only its `meta`, which may stand in a second
 * `meta`. The JSON of ComfyUI in `comfy` is read as what it is, by others.
 */
export const civitaiImage: PromptParser = {
  format: 'civitai',
  fields: ['items', 'meta', 'modelVersionIds', 'resources', ...OWN_LISTS, ...OWN_KEYS],
  detect,
  parse,
}

/** Images of one answer of the API that are looked at. */
const MAX_IMAGES = 200

function detect(input: ParserInput): number {
  const [image] = imagesIn(input.json())
  if (image === undefined) return 0
  const meta = metaOf(image)
  const isOwn = OWN_LISTS.some((name) => Array.isArray(fieldOf(meta, name)))
  if (isOwn || Array.isArray(fieldOf(image, 'modelVersionIds'))) return 0.96
  if (fieldOf(image, 'meta') !== undefined) return 0.9
  if (hasResources(meta)) return 0.8
  // The camel case of Civitai, and the keys of an infotext beside it.
  return OWN_KEYS.filter((name) => fieldOf(meta, name) !== undefined).length >= 2 ? 0.6 : 0
}

const PAGE_FIELDS = ['postId', 'nsfwLevel', 'browsingLevel']

const hasResources = (meta: JsonObject): boolean =>
  objectsIn(fieldOf(meta, 'resources')).some(
    (entry) =>
      typeof fieldOf(entry, 'type') === 'string' &&
      ['name', 'hash', 'modelVersionId'].some((name) => fieldOf(entry, name) !== undefined),
  )

/** The images of an answer, or the only one. */
function imagesIn(root: unknown): JsonObject[] {
  const items = objectsIn(fieldOf(root, 'items')).slice(0, MAX_IMAGES)
  if (items.length > 0) return items.filter(isImage)
  return isJsonObject(root) && isImage(root) ? [root] : []
}

function isImage(item: JsonObject): boolean {
  if (Array.isArray(fieldOf(item, 'modelVersionIds'))) return true
  // An image whose maker hides how it was made.
  if (fieldOf(item, 'meta') === null) return PAGE_FIELDS.some((name) => fieldOf(item, name) !== undefined)
  const meta = metaOf(item)
  return hasResources(meta) || [...OWN_LISTS, ...OWN_KEYS].some((name) => fieldOf(meta, name) !== undefined)
}

/** `meta`, the `meta` in it, or the value itself where it has none. */
function metaOf(item: JsonObject): JsonObject {
  const outer = fieldOf(item, 'meta')
  if (outer === undefined) return item
  const inner = fieldOf(outer, 'meta')
  if (isJsonObject(inner)) return inner
  return isJsonObject(outer) ? outer : {}
}

function parse(input: ParserInput): ParsedSource {
  const images = imagesIn(input.json())
  const findings = createFindings()
  for (const image of images) addImage(image, findings)
  const [only, ...more] = images
  return {
    format: 'civitai',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: only === undefined || more.length > 0 ? {} : readGeneration(metaOf(only)),
    warnings: findings.warnings,
  }
}

function addImage(image: JsonObject, findings: Findings): void {
  const meta = metaOf(image)
  const versions = versionsIn(meta)
  const mentions = mentionsInKeys(meta, findings.warn)
  for (const mention of withVersion(mentions, versions)) findings.add(mention)
  for (const field of ['prompt', 'negativePrompt']) {
    addTags(textOf(fieldOf(meta, field)) ?? '', `civitai:meta.${field}`, A1111_TAGS, findings)
  }
  addResources(meta, findings)
  for (const version of versions) findings.add(version)
  addAdditional(meta, findings)
  addVersionIds(image, findings)
}

/** A single checkpoint among the versions is the one that `Model` names, though nothing says so. */
function withVersion(mentions: readonly Mention[], versions: readonly Mention[]): Mention[] {
  const checkpoints = versions.filter(({ type }) => type === 'checkpoint')
  const [only] = checkpoints
  const isOne = new Set(checkpoints.map(({ civitai, air }) => civitai?.version_id ?? air)).size === 1
  const main = mentions.findIndex(
    ({ type, evidence }) => type === 'checkpoint' && /\.(?:Model|Model hash|hashes)$/.test(evidence[0]),
  )
  return mentions.map((mention, at) =>
    at !== main || only === undefined || !isOne
      ? mention
      : { ...only, ...mention, evidence: [...mention.evidence, ...only.evidence] },
  )
}

function readGeneration(meta: JsonObject): Generation {
  const either = (...names: string[]): unknown =>
    names.map((name) => fieldOf(meta, name)).find((value) => value !== undefined)
  return toGeneration({
    prompt: either('prompt'),
    negative_prompt: either('negativePrompt'),
    seed: either('seed', 'Seed'),
    steps: either('steps', 'Steps'),
    sampler: either('sampler', 'Sampler'),
    scheduler: either('scheduler', 'Schedule type'),
    cfg_scale: either('cfgScale', 'CFG scale'),
    width: either('width'),
    height: either('height'),
    ...toSize(textOf(either('Size', 'size'))),
    clip_skip: either('clipSkip', 'Clip skip'),
    version: either('Version'),
  })
}
