import type { JsonObject } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { toSize } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { fieldOf, textOf } from '../json.ts'
import { A1111_TAGS, addTags, readEmbeddings } from '../prompt-tags.ts'
import { addAccelerator, optionalAccelerator } from './accelerator.ts'
import { listedLoras } from './lora-list.ts'

/** Fields of a model: of those that name it and that hash it, the first one that is there counts. */
export interface ModelFields {
  readonly type: DependencyType
  readonly names: readonly string[]
  readonly hashes: readonly string[]
}

/** What Fooocus and its forks write alike; `prefix` is the format's name in evidence. */
export interface RecordLayout {
  readonly prefix: string
  readonly models: readonly ModelFields[]
  readonly prompts: readonly string[]
}

/** The first of the fields that is there. */
export function firstOf(record: JsonObject, fields: readonly string[]): unknown {
  for (const name of fields) {
    const value = fieldOf(record, name)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

export function addRecord(record: JsonObject, { prefix, models, prompts }: RecordLayout, findings: Findings): void {
  const at = (field: string): string => `${prefix}:${field}`
  for (const model of models) addModel(record, model, at, findings)
  const performance = textOf(firstOf(record, ['performance', 'Performance']))
  for (const { name, weight, hash, enabled, field } of listedLoras(record)) {
    findings.add({
      type: 'lora',
      name,
      hashes: findings.hash(hash, at(field)),
      ...(weight === undefined ? {} : { weight }),
      ...(weight === undefined && enabled === undefined ? {} : { active: enabled !== false && weight !== 0 }),
      ...optionalAccelerator(name, performance),
      evidence: [at(field)],
    })
  }
  addAccelerator(performance, at('performance'), findings)
  for (const field of prompts) {
    const text = promptText(fieldOf(record, field))
    addTags(text, at(field), A1111_TAGS, findings)
    for (const name of readEmbeddings(text)) findings.add({ type: 'embedding', name, evidence: [at(field)] })
  }
}

function addModel(
  record: JsonObject,
  { type, names, hashes: hashFields }: ModelFields,
  at: (field: string) => string,
  findings: Findings,
): void {
  const field = names.find((name) => typeof fieldOf(record, name) === 'string')
  const name = field === undefined ? undefined : textOf(fieldOf(record, field))
  if (field === undefined || name === undefined) return
  const read = readReference(name, at(field), findings)
  const hashField = hashFields.find((each) => typeof fieldOf(record, each) === 'string')
  const hashes = hashField === undefined ? [] : findings.hash(fieldOf(record, hashField), at(hashField))
  const all = [...(read.hashes ?? []), ...hashes]
  const [first = at(field), ...others] = new Set([at(field), ...all.map(({ source }) => source)])
  findings.add({ type, ...read, hashes: all, evidence: [first, ...others] })
}

/** Prompts of several lines may be a list. */
const promptText = (value: unknown): string =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string').join('\n') : (textOf(value) ?? '')

/** `(1152, 896)`, `1152×896`: however it is written. */
export function sizeOf(value: unknown): { width?: number; height?: number } {
  const text = textOf(value) ?? ''
  const tuple = /^\s{0,10}[([]?\s{0,10}'?(\d{1,6})'?\s{0,10}[,x×*]\s{0,10}'?(\d{1,6})'?\s{0,10}[)\]]?\s{0,10}$/.exec(
    text,
  )
  return tuple === null ? (toSize(text) ?? {}) : { width: Number(tuple[1]), height: Number(tuple[2]) }
}
