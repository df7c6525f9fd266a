import { mergeGeneration } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { addRequest, requestGeneration } from './a1111-api/request.ts'
import { addInfo, INFO_FIELDS, infoGeneration, infoOf, infotextsOf } from './a1111-api/response.ts'
import { splitInfotext } from './infotext/split.ts'
import { parseInfotext } from './infotext.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

const OWN_FIELDS = [
  'sd_model_checkpoint',
  'override_settings',
  'alwayson_scripts',
  'sampler_name',
  'sampler_index',
  'hr_upscaler',
  'hr_checkpoint_name',
  'refiner_checkpoint',
  'sd_vae',
  'forge_additional_modules',
  'script_args',
  'infotext',
]

/**
 * A request of A1111's API (`/sdapi/v1/txt2img`, `img2img`), its response, what `png-info` answers, or its options.
 */
export const a1111Api: PromptParser = {
  format: 'a1111',
  fields: ['info', 'parameters', ...INFO_FIELDS, ...OWN_FIELDS],
  detect,
  parse,
}

const ownFields = (value: unknown): number => OWN_FIELDS.filter((name) => fieldOf(value, name) !== undefined).length

function detect(input: ParserInput): number {
  const root = input.json()
  if (infoOf(root) !== undefined) return 0.95
  if (pngInfoOf(root) !== undefined) return 0.9
  const request = requestOf(root)
  const known = ownFields(request)
  if (known === 0) return 0
  return textOf(fieldOf(request, 'prompt')) === undefined && fieldOf(request, 'sd_model_checkpoint') === undefined
    ? 0.3
    : Math.min(95, 70 + 10 * known) / 100
}

/** A response repeats its request as `parameters`; its `info` by itself holds none. */
function requestOf(root: unknown): unknown {
  if (infoOf(root) === root) return undefined
  const parameters = fieldOf(root, 'parameters')
  return ownFields(root) === 0 && ownFields(parameters) > 0 ? parameters : root
}

/** What `/sdapi/v1/png-info` answers: the picture's text as it is. */
function pngInfoOf(root: unknown): string | undefined {
  const info = textOf(fieldOf(root, 'info'))
  if (info === undefined || infoOf(root) !== undefined) return undefined
  return splitInfotext(info) === undefined ? undefined : info
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const request = requestOf(root)
  const info = infoOf(root)
  const findings = createFindings()
  addRequest(request, findings)
  if (info !== undefined) addInfo(info, findings)
  const texts = [textOf(fieldOf(request, 'infotext')), pngInfoOf(root), ...infotextsOf(info)]
  const embedded = [...new Set(texts.filter((text) => text !== undefined))].map(parseInfotext)
  for (const source of embedded) addSource(source, findings)
  const generations = [
    ...(info === undefined ? [] : [infoGeneration(info)]),
    requestGeneration(request),
    ...embedded.map(({ generation }) => generation),
  ]
  return {
    format: 'a1111',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: generations.reduce(mergeGeneration, {}),
    warnings: withoutRepeats(findings.warnings),
  }
}

function addSource({ mentions, trust, warnings }: ParsedSource, findings: Findings): void {
  for (const mention of mentions) findings.add({ trust, ...mention })
  for (const { place, reason } of warnings) findings.warn(place, reason)
}

/** The infotexts of a batch say most things again. */
const withoutRepeats = (warnings: Findings['warnings']): Findings['warnings'] => [
  ...new Map(warnings.map((warning) => [`${warning.place} ${warning.reason}`, warning])).values(),
]
