import type { DependencyType } from '../../dependency.ts'
import { type Generation, toGeneration } from '../../generation.ts'
import { moduleType, upscaler } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { parseModelName } from '../../model-name.ts'
import { readReference } from '../../reference.ts'
import { faceRestorer } from '../infotext/face-restorer.ts'
import { fieldOf, textOf } from '../json.ts'
import { A1111_TAGS, addTags } from '../prompt-tags.ts'
import { at } from './place.ts'
import { addScripts } from './scripts.ts'

const MODEL_FIELDS: readonly (readonly [field: string, type: DependencyType])[] = [
  ['sd_model_checkpoint', 'checkpoint'],
  ['sd_vae', 'vae'],
  ['refiner_checkpoint', 'checkpoint'],
  ['hr_checkpoint_name', 'checkpoint'],
  ['sd_hypernetwork', 'hypernetwork'],
  ['sd_lora', 'lora'],
]
const MODULE_FIELDS = ['forge_additional_modules', 'hr_additional_modules']
const PROMPT_FIELDS = ['prompt', 'negative_prompt', 'hr_prompt', 'hr_negative_prompt']

/** Models of a request, or of a dump of the options, which has the same names. */
export function addRequest(request: unknown, findings: Findings): void {
  const secondPass = fieldOf(request, 'enable_hr') !== false
  for (const [holder, prefix] of [
    [fieldOf(request, 'override_settings'), 'override_settings.'],
    [request, ''],
  ] as const) {
    addModels({ holder, prefix, secondPass }, findings)
  }
  for (const field of PROMPT_FIELDS) {
    if (secondPass || !field.startsWith('hr_'))
      addTags(textOf(fieldOf(request, field)) ?? '', at(field), A1111_TAGS, findings)
  }
  const upscalerName = textOf(fieldOf(request, 'hr_upscaler'))
  if (upscalerName !== undefined) {
    const off = secondPass ? {} : { active: false }
    findings.add({ ...upscaler(upscalerName), ...off, evidence: [at('hr_upscaler')] })
  }
  const face = textOf(fieldOf(request, 'face_restoration_model'))
  if (face !== undefined && fieldOf(request, 'restore_faces') === true)
    findings.add({ ...faceRestorer(face), evidence: [at('face_restoration_model')] })
  addScripts(request, findings)
}

interface Holder {
  readonly holder: unknown
  readonly prefix: string
  /** False: what belongs to the high-resolution pass is switched off. */
  readonly secondPass: boolean
}

function addModels({ holder, prefix, secondPass }: Holder, findings: Findings): void {
  const switched = (field: string) => (secondPass || !field.startsWith('hr_') ? {} : { active: false })
  for (const [field, type] of MODEL_FIELDS) {
    const name = textOf(fieldOf(holder, field))
    if (name === undefined) continue
    const place = at(prefix + field)
    const read = type === 'checkpoint' && isHash(name) ? {} : readReference(name, place, findings)
    const hashes = [
      ...(read.hashes ?? []),
      ...(type === 'checkpoint' && isHash(name) ? findings.hash(name, place) : []),
      ...(field === 'sd_model_checkpoint'
        ? findings.hash(fieldOf(holder, 'sd_checkpoint_hash'), at(`${prefix}sd_checkpoint_hash`))
        : []),
    ]
    findings.add({ type, ...read, hashes, ...switched(field), evidence: [place] })
  }
  for (const field of MODULE_FIELDS) {
    const modules = fieldOf(holder, field)
    for (const name of Array.isArray(modules) ? modules : []) {
      if (typeof name !== 'string') continue
      const type = moduleType(parseModelName(name).stem)
      const place = at(prefix + field)
      findings.add({ type, ...readReference(name, place, findings), ...switched(field), evidence: [place] })
    }
  }
}

/** The checkpoint may be given by its hash alone. */
const isHash = (name: string): boolean => /^(?:[0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{64})$/i.test(name.trim())

export const requestGeneration = (request: unknown): Generation =>
  toGeneration({
    prompt: fieldOf(request, 'prompt'),
    negative_prompt: fieldOf(request, 'negative_prompt'),
    seed: fieldOf(request, 'seed') === -1 ? undefined : fieldOf(request, 'seed'),
    steps: fieldOf(request, 'steps'),
    sampler: fieldOf(request, 'sampler_name') ?? fieldOf(request, 'sampler_index'),
    scheduler: fieldOf(request, 'scheduler'),
    cfg_scale: fieldOf(request, 'cfg_scale'),
    width: fieldOf(request, 'width'),
    height: fieldOf(request, 'height'),
    clip_skip:
      fieldOf(fieldOf(request, 'override_settings'), 'CLIP_stop_at_last_layers') ??
      fieldOf(request, 'CLIP_stop_at_last_layers'),
  })
