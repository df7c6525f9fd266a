import type { JsonObject } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import { BUILT_IN, detector, upscaler } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { fieldOf, textOf } from '../json.ts'
import { addTags } from '../prompt-tags.ts'
import { readModelFile } from './model-file.ts'
import { at, MATRIX_TAGS } from './place.ts'

interface Selection {
  readonly fields: readonly string[]
  readonly type: DependencyType
  /** The switch of the card that has to be on for it to count. */
  readonly needs?: string
}

const SELECTIONS: readonly Selection[] = [
  { fields: ['SelectedUnetName', 'SelectedUnetModelName', 'SelectedUnetModel'], type: 'diffusion_model' },
  {
    fields: ['SelectedRefinerName', 'SelectedRefiner'],
    type: 'checkpoint',
    needs: 'IsRefinerSelectionEnabled',
  },
  { fields: ['SelectedVaeName', 'SelectedVae'], type: 'vae', needs: 'IsVaeSelectionEnabled' },
  ...[1, 2, 3, 4].map((index) => ({
    fields: [`SelectedClip${index}Name`, `SelectedClip${index}`],
    type: 'text_encoder' as const,
    needs: 'IsClipModelSelectionEnabled',
  })),
  {
    fields: ['SelectedClipModelName', 'SelectedClipModel'],
    type: 'text_encoder',
    needs: 'IsClipModelSelectionEnabled',
  },
  { fields: ['SelectedClipVisionName', 'SelectedClipVisionModel'], type: 'clip_vision' },
]

/** What one card has selected. `on`: neither it nor one around it is switched off. */
export function addCard(card: JsonObject, on: boolean, findings: Findings): void {
  addMain(card, on, findings)
  for (const { fields, type, needs } of SELECTIONS) {
    const used = on && (needs === undefined || fieldOf(card, needs) !== false)
    addSelected(card, { fields, type, on: used }, findings)
  }
  for (const field of ['BboxModel', 'SegmModel', 'SamModel']) {
    const read = readModelFile(fieldOf(card, field), at(field), findings)
    if (read !== undefined)
      findings.add({ ...detector(read.name ?? ''), ...read, ...offUnless(on), evidence: [at(field)] })
  }
  addUpscaler(card, on, findings)
  for (const field of on ? ['Prompt', 'NegativePrompt'] : []) {
    addTags(textOf(fieldOf(card, field)) ?? '', at(field), MATRIX_TAGS, findings)
  }
}

const offUnless = (on: boolean): { active?: false } => (on ? {} : { active: false })

/** What a card is for tells what its model is: LoRAs have weights, ControlNets a preprocessor. */
function addMain(card: JsonObject, on: boolean, findings: Findings): void {
  const fields = ['SelectedModelName', 'SelectedModel']
  const kind = textOf(fieldOf(card, '$type')) ?? ''
  if (kind === 'ExtraNetwork' || fieldOf(card, 'ModelWeight') !== undefined) {
    const own = fieldOf(card, 'IsModelWeightEnabled') === false ? 1 : toNumber(fieldOf(card, 'ModelWeight'))
    addSelected(card, { fields, type: 'lora', on, weight: own ?? 1 }, findings)
  } else if (kind === 'ControlNet' || fieldOf(card, 'SelectedPreprocessor') !== undefined) {
    addSelected(card, { fields, type: 'controlnet', on, weight: toNumber(fieldOf(card, 'Strength')) }, findings)
  } else {
    const unet = /unet|gguf/i.test(textOf(fieldOf(card, 'ModelLoader')) ?? '')
    addSelected(card, { fields, type: unet ? 'diffusion_model' : 'checkpoint', on }, findings)
  }
}

interface Selected {
  readonly fields: readonly string[]
  readonly type: DependencyType
  readonly on: boolean
  readonly weight?: number | undefined
}

function addSelected(card: JsonObject, { fields, type, on, weight }: Selected, findings: Findings): void {
  for (const field of fields) {
    const read = readModelFile(fieldOf(card, field), at(field), findings)
    if (read === undefined) continue
    findings.add({
      type,
      ...read,
      ...(weight === undefined ? offUnless(on) : { weight, active: on && weight !== 0 }),
      evidence: [at(field)],
    })
    return
  }
}

/** Latent ones are named after the method and marked by their type. */
function addUpscaler(card: JsonObject, on: boolean, findings: Findings): void {
  const selected = fieldOf(card, 'SelectedUpscaler')
  const name = textOf(selected) ?? textOf(fieldOf(selected, 'Name'))
  if (name === undefined) return
  const builtIn = textOf(fieldOf(selected, 'Type'))?.toLowerCase() === 'latent' ? { skip: BUILT_IN } : {}
  findings.add({ ...upscaler(name), ...builtIn, ...offUnless(on), evidence: [at('SelectedUpscaler')] })
}
