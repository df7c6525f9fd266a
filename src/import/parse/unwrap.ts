import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { MetadataText } from '../../media/container.ts'
import { joinKeys } from './join-keys.ts'
import { entriesOf, fieldOf, hasOneOf } from './json.ts'
import type { ParserInput } from './parser.ts'
import { MAX_LAYERS, toInput, unlayered } from './text-input.ts'

/**
 * Takes the wrappings off the texts of a file, so that parsers see each prompt in one shape, whoever saved it:
 * JSON that was written as a string inside a string, `workflow:{…}` in fields of EXIF, and JSON that holds an executed
 * graph and an editor's workflow side by side: `prompt`, or `output` as ComfyUI's own pages call it, and `workflow`. Texts that are none of that stay as they are.
 */
export function unwrap(texts: readonly MetadataText[]): ParserInput[] {
  return joinKeys(texts).flatMap((text) => split(open(text)))
}

/** Graphs of one wrapper, such as the answer of /history: more are not looked at. */
const MAX_PARTS = 100

/** `Workflow: {…}`, `prompt:{…}`: what ComfyUI and its savers write into fields of EXIF that have a name of their own. */
const LABELLED = /^\s*([A-Za-z][\w-]{0,40})\s*:\s*(?=[{["])/

function open(text: MetadataText): ParserInput {
  const label = LABELLED.exec(text.text.slice(0, 100))
  if (label?.[1] === undefined) return toInput(text)
  const inner = toInput({ ...text, key: label[1].toLowerCase(), text: text.text.slice(label[0].length) })
  return inner.json() === undefined ? toInput(text) : inner
}

const part = (outer: ParserInput, key: string, value: JsonValue): ParserInput => ({
  place: `${outer.place}.${key}`,
  key,
  text: '',
  json: () => value,
})

function split(input: ParserInput): ParserInput[] {
  const value = input.json()
  if (!isJsonObject(value)) return [input]
  const parts = splitObject(input, value, 0)
  return parts.length === 0 ? [input] : parts
}

/** All that is looked at below but the entries of a history. */
const WRAPPER_FIELDS = ['prompt', 'output', 'workflow', 'extra_data', 'extra_pnginfo', 'comfy', 'meta', 'parameters']

/** The graphs and workflows inside a wrapper; empty where `value` is none. */
function splitObject(input: ParserInput, value: JsonObject, depth: number): ParserInput[] {
  if (depth > MAX_LAYERS) return []
  if (!hasOneOf(value, WRAPPER_FIELDS)) return history(input, value, depth)
  const prompt = opened(fieldOf(value, 'prompt'))
  const workflow = opened(fieldOf(value, 'workflow')) ?? opened(workflowOfRequest(value))
  const found: ParserInput[] = []
  const output = opened(fieldOf(value, 'output'))
  if (looksLikeGraph(prompt)) found.push(part(input, 'prompt', withSiblings(prompt, value)))
  else if (Array.isArray(prompt) && looksLikeGraph(prompt[2])) found.push(...historyEntry(input, prompt))
  else if (looksLikeGraph(output)) found.push(part(input, 'output', withSiblings(output, value)))
  if (looksLikeWorkflow(workflow)) found.push(part(input, 'workflow', workflow))
  if (found.length > 0) return [...found, ...rest(input, value)]
  const others = [...history(input, value, depth), ...civitaiComfy(input, value)]
  return others.length > 0 || depth > 0 ? others : pictureText(input, value)
}

/** The texts of a picture by their keys, as those who list them write it. */
function pictureText(input: ParserInput, value: JsonObject): ParserInput[] {
  const text = fieldOf(value, 'parameters')
  if (typeof text !== 'string' || !/^\s*\{|Steps:\s{0,10}\d/.test(text)) return []
  return [toInput({ place: `${input.place}.parameters`, key: 'parameters', text })]
}

/** A value that may be JSON in a string, up to three layers of it. */
function opened(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' ? unlayered(value) : value
}

const workflowOfRequest = (value: JsonObject): JsonValue | undefined =>
  fieldOf(fieldOf(fieldOf(value, 'extra_data'), 'extra_pnginfo'), 'workflow') ??
  fieldOf(fieldOf(value, 'extra_pnginfo'), 'workflow')

const looksLikeGraph = (value: JsonValue | undefined): value is JsonObject =>
  isJsonObject(value) && Object.values(value).some((node) => typeof fieldOf(node, 'class_type') === 'string')

const looksLikeWorkflow = (value: JsonValue | undefined): value is JsonObject =>
  isJsonObject(value) && Array.isArray(fieldOf(value, 'nodes'))

/** Civitai's jobs put what they know of their models beside the graph. */
function withSiblings(graph: JsonObject, holder: JsonObject): JsonObject {
  const siblings = ['extra', 'extraMetadata'].flatMap((name) => {
    const value = fieldOf(holder, name)
    return value === undefined || fieldOf(graph, name) !== undefined ? [] : [[name, value] as const]
  })
  return siblings.length === 0 ? graph : { ...graph, ...Object.fromEntries(siblings) }
}

/** `[number, id, graph, extra_data, outputs]`, as ComfyUI's queue and history have it. */
function historyEntry(input: ParserInput, entry: readonly JsonValue[]): ParserInput[] {
  const graph = entry[2]
  const workflow = isJsonObject(entry[3]) ? workflowOfRequest({ extra_data: entry[3] }) : undefined
  return [
    ...(looksLikeGraph(graph) ? [part(input, 'prompt', graph)] : []),
    ...(looksLikeWorkflow(workflow) ? [part(input, 'workflow', workflow)] : []),
  ]
}

/** `{"<id>": {"prompt": [number, id, graph, …], "outputs": {…}}}` */
function history(input: ParserInput, value: JsonObject, depth: number): ParserInput[] {
  const parts: ParserInput[] = []
  for (const [id, entry] of entriesOf(value).slice(0, MAX_PARTS)) {
    if (!isJsonObject(entry) || !Array.isArray(entry['prompt'])) continue
    const place = `${input.place}.${id.slice(0, 40)}`
    for (const each of splitObject({ ...input, place }, entry, depth + 1)) parts.push(each)
  }
  return parts
}

/** An image of Civitai's API keeps ComfyUI's JSON as a string in `meta.comfy`. The image itself is read as well. */
function civitaiComfy(input: ParserInput, value: JsonObject): ParserInput[] {
  const meta = fieldOf(value, 'meta')
  const comfy = [value, meta, fieldOf(meta, 'meta')].map((holder) => opened(fieldOf(holder, 'comfy')))
  const holder = comfy.find(isJsonObject)
  if (holder === undefined) return []
  const parts = splitObject({ ...input, place: `${input.place}.comfy` }, holder, MAX_LAYERS)
  return parts.length === 0 ? [] : [input, ...parts]
}

/** Whatever else a wrapper holds: SwarmUI's parameters, an infotext. */
function rest(input: ParserInput, value: JsonObject): ParserInput[] {
  return ['parameters', 'sui_image_params'].flatMap((name) => {
    const held = fieldOf(value, name)
    if (held === undefined) return []
    if (name === 'sui_image_params') return [{ ...input, json: () => value }]
    if (typeof held === 'string') return [toInput({ place: `${input.place}.${name}`, key: name, text: held })]
    return [part(input, name, held)]
  })
}
