import type { DependencyType } from '../dependency.ts'
import { type Generation, toGeneration, toNumber, toSize } from '../generation.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { parseModelName } from '../model-name.ts'
import { readReference } from '../reference.ts'
import { fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * Draw Things: JSON in the XMP of its pictures, with short keys (`c` and `uc` are the prompts) and since its second
 * version the whole configuration in `v2`. It converts every model to a file of its own, so that no hash of it is of
 * use. `<lora:…>` in a prompt is text like any other.
 */
export const drawThings: PromptParser = { format: 'drawthings', fields: ['v2', 'model'], detect, parse }

function detect(input: ParserInput): number {
  const root = input.json()
  const second = fieldOf(root, 'v2')
  if (textOf(fieldOf(second, 'model')) !== undefined) return 0.97
  if (textOf(fieldOf(root, 'model')) === undefined) return 0
  if (textOf(fieldOf(root, 'c')) !== undefined && fieldOf(root, 'uc') !== undefined) return 0.95
  return listsOf(root, LISTS.first).some(({ file }) => CONVERTED.test(file)) ? 0.8 : 0
}

const LISTS = {
  first: { lora: 'model', control: 'file' },
  second: { loras: 'file', controls: 'file' },
} as const

/** A file that Draw Things made of another one. */
const CONVERTED = /\.ckpt$/i

interface Listed {
  readonly list: string
  readonly file: string
  readonly weight: number | undefined
}

const listsOf = (holder: unknown, fields: { readonly [list: string]: string }): Listed[] =>
  Object.entries(fields).flatMap(([list, field]) =>
    objectsIn(fieldOf(holder, list)).flatMap((entry) => {
      const file = textOf(fieldOf(entry, field)) ?? textOf(fieldOf(entry, 'file')) ?? ''
      return file === '' ? [] : [{ list, file, weight: toNumber(fieldOf(entry, 'weight')) }]
    }),
  )

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const second = fieldOf(root, 'v2')
  const isSecond = textOf(fieldOf(second, 'model')) !== undefined
  const findings = createFindings()
  const [holder, prefix] = isSecond ? ([second, 'drawthings:v2.'] as const) : ([root, 'drawthings:'] as const)
  for (const [field, type] of SINGLE) {
    const name = textOf(fieldOf(holder, field))
    if (name !== undefined) addFile(type, name, prefix + field, {}, findings)
  }
  for (const { list, file, weight } of listsOf(holder, isSecond ? LISTS.second : LISTS.first)) {
    const type = list.startsWith('lora') ? 'lora' : /ip_?adapter/i.test(file) ? 'ipadapter' : 'controlnet'
    addFile(type, file, prefix + list, weight === undefined ? {} : { weight, active: weight !== 0 }, findings)
  }
  return {
    format: 'drawthings',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(root, second),
    warnings: findings.warnings,
  }
}

const SINGLE: readonly (readonly [field: string, type: DependencyType])[] = [
  ['model', 'checkpoint'],
  ['refiner', 'checkpoint'],
  ['refiner_model', 'checkpoint'],
  ['refinerModel', 'checkpoint'],
  ['upscaler', 'upscaler'],
  ['faceRestoration', 'other'],
]

function addFile(
  type: DependencyType,
  name: string,
  place: string,
  strength: Pick<Mention, 'weight' | 'active'>,
  findings: Findings,
): void {
  const original = originalName(name)
  findings.add({
    type,
    ...readReference(name, place, findings),
    ...(original === undefined ? {} : { knownFile: original }),
    ...strength,
    evidence: [place],
  })
}

/** `ink_wash_lora_f16.ckpt` was made of `ink_wash`: the name that the file has everywhere else, by all likelihood. */
function originalName(name: string): string | undefined {
  if (!CONVERTED.test(name)) return undefined
  const { stem } = parseModelName(name)
  let original = stem
  for (let times = 0; times < 4; times += 1) original = original.replace(/_(?:f16|f32|q\d{1,2}p|svd)$/i, '')
  original = original.replace(/_lora$/i, '')
  return original === stem || original === '' ? undefined : original
}

/** The prompts have their short keys in either version. */
function readGeneration(root: unknown, second: unknown): Generation {
  const either = (first: string, later = first): unknown => fieldOf(root, first) ?? fieldOf(second, later)
  return toGeneration({
    prompt: fieldOf(root, 'c'),
    negative_prompt: fieldOf(root, 'uc'),
    seed: either('seed'),
    steps: either('steps'),
    sampler: fieldOf(root, 'sampler'),
    cfg_scale: either('scale', 'guidanceScale'),
    width: either('width'),
    height: either('height'),
    ...toSize(textOf(fieldOf(root, 'size'))),
    clip_skip: either('clip_skip', 'clipSkip'),
    software: 'Draw Things',
  })
}
