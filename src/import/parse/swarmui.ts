import type { DependencyType } from '../dependency.ts'
import { toGeneration, toNumber } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { addTags, readTags, SWARM_TAGS } from './prompt-tags.ts'

/** SwarmUI: `sui_image_params`, with the tensor digests of its models in `sui_models`. */
export const swarmui: PromptParser = { format: 'swarmui', detect, parse }

function detect(input: ParserInput): number {
  return entriesOf(fieldOf(input.json(), 'sui_image_params')).length > 0 ? 1 : 0
}

/** Parameters that hold a model's name; Swarm makes ids of names by dropping all but a to z. */
const MODEL_PARAMS: ReadonlyMap<string, DependencyType> = new Map([
  ['model', 'checkpoint'],
  ['refinermodel', 'checkpoint'],
  ['segmentmodel', 'checkpoint'],
  ['regionalobjectinpaintingmodel', 'checkpoint'],
  ['negativemodel', 'checkpoint'],
  ['videomodel', 'diffusion_model'],
  ['videoswapmodel', 'diffusion_model'],
  ['videoextendmodel', 'diffusion_model'],
  ['videoextendswapmodel', 'diffusion_model'],
  ['vae', 'vae'],
  ['refinervae', 'vae'],
  ['cliplmodel', 'text_encoder'],
  ['clipgmodel', 'text_encoder'],
  ['txxlmodel', 'text_encoder'],
  ['llavamodel', 'text_encoder'],
  ['llamamodel', 'text_encoder'],
  ['qwenmodel', 'text_encoder'],
  ['mistralmodel', 'text_encoder'],
  ['gemmamodel', 'text_encoder'],
  ['gptossmodel', 'text_encoder'],
  ['clipvisionmodel', 'clip_vision'],
  ['controlnetmodel', 'controlnet'],
  ['controlnettwomodel', 'controlnet'],
  ['controlnetthreemodel', 'controlnet'],
  ['usestylemodel', 'style_model'],
  ['gligenmodel', 'other'],
  ['pixeldecodermodel', 'other'],
  ['seedvrmodel', 'other'],
  ['yolomodelinternal', 'detector'],
])

const at = (param: string): string => `swarmui:${param}`

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const params = fieldOf(root, 'sui_image_params')
  const extra = fieldOf(root, 'sui_extra_data')
  const findings = createFindings()
  for (const [param, value] of entriesOf(params)) {
    const type = MODEL_PARAMS.get(param)
    if (type !== undefined && typeof value === 'string') {
      findings.add({ type, ...readReference(value, at(param), findings), evidence: [at(param)] })
    }
  }
  addLoras(params, findings)
  addFileParams(params, findings)
  for (const name of listOf(fieldOf(extra, 'used_embeddings'))) {
    findings.add({ type: 'embedding', name, evidence: [at('used_embeddings')] })
  }
  for (const field of ['prompt', 'negativeprompt']) addPrompt(textOf(fieldOf(params, field)) ?? '', field, findings)
  addHashes(root, findings)
  return {
    format: 'swarmui',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(params),
    warnings: findings.warnings,
  }
}

/** Parallel lists of names and weights; older files join them with commas. */
function addLoras(params: unknown, findings: Findings): void {
  const weights = listOf(fieldOf(params, 'loraweights'))
  const encoderWeights = listOf(fieldOf(params, 'loratencweights'))
  for (const [index, name] of listOf(fieldOf(params, 'loras')).entries()) {
    const weight = toNumber(weights[index]) ?? 1
    const active = weight !== 0 || (toNumber(encoderWeights[index]) ?? 0) !== 0
    findings.add({
      type: 'lora',
      ...readReference(name, at('loras'), findings),
      weight,
      active,
      evidence: [at('loras')],
    })
  }
}

function listOf(value: unknown): string[] {
  const items: unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  return items
    .map((item) => (typeof item === 'number' ? String(item) : (textOf(item) ?? '')).trim())
    .filter((item) => item !== '')
}

/** Parameters that name a file only behind a prefix: `model-4x_foo.pth`, `file:bar.safetensors`. */
function addFileParams(params: unknown, findings: Findings): void {
  for (const param of ['refinerupscalemethod', 'seedvrupscalemethod']) {
    const file = /^(?:latent)?model-(.+)$/s.exec(textOf(fieldOf(params, param)) ?? '')?.[1]
    if (file !== undefined) findings.add({ type: 'upscaler', name: file, evidence: [at(param)] })
  }
  const adapter = /^file:(.+)$/s.exec(textOf(fieldOf(params, 'useipadapter')) ?? '')?.[1]
  if (adapter !== undefined) findings.add({ type: 'ipadapter', name: adapter, evidence: [at('useipadapter')] })
}

function addPrompt(text: string, field: string, findings: Findings): void {
  addTags(text, at(field), SWARM_TAGS, findings)
  for (const { kind, args } of readTags(text)) {
    const file = kind === 'segment' ? /^yolo-(.+)$/.exec(args[0]?.trim() ?? '')?.[1] : undefined
    if (file !== undefined) findings.add({ type: 'detector', name: file, evidence: [at(field)] })
  }
}

/** `sui_models` gives names their digests: `0x` and the SHA-256 of the tensors; null where there is none. */
function addHashes(root: unknown, findings: Findings): void {
  for (const entry of objectsIn(fieldOf(root, 'sui_models'))) {
    const name = textOf(fieldOf(entry, 'name'))
    const param = textOf(fieldOf(entry, 'param')) ?? ''
    if (name === undefined) continue
    const type = LIST_PARAMS.get(param) ?? MODEL_PARAMS.get(param) ?? 'other'
    const hashes = findings.hash(fieldOf(entry, 'hash'), at('sui_models'))
    findings.add({ type, name, hashes, evidence: [at(`sui_models ${param}`)] })
  }
}

const LIST_PARAMS: ReadonlyMap<string, DependencyType> = new Map([
  ['loras', 'lora'],
  ['used_embeddings', 'embedding'],
])

function readGeneration(params: unknown) {
  const stopAt = toNumber(fieldOf(params, 'clipstopatlayer'))
  return toGeneration({
    prompt: fieldOf(params, 'prompt'),
    negative_prompt: fieldOf(params, 'negativeprompt'),
    seed: fieldOf(params, 'seed'),
    steps: fieldOf(params, 'steps'),
    sampler: fieldOf(params, 'sampler'),
    scheduler: fieldOf(params, 'scheduler'),
    cfg_scale: fieldOf(params, 'cfgscale'),
    width: fieldOf(params, 'width'),
    height: fieldOf(params, 'height'),
    clip_skip: stopAt === undefined ? undefined : Math.abs(stopAt),
    software: 'SwarmUI',
    version: fieldOf(params, 'swarm_version'),
  })
}
