import type { DependencyType } from '../../dependency.ts'
import { detector, upscaler } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { faceRestorer } from './face-restorer.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'

/** Models of A1111's extensions and of what is done to a finished picture. */
export function addExtensions(table: PairTable, findings: Findings): void {
  addDetailers(table, findings)
  addUpscalers(table, findings)
  const face = table.first('Face restoration')
  if (face !== undefined) findings.add({ ...faceRestorer(face), evidence: [at('Face restoration')] })
  addSdNext(table, findings)
}

const ORDINAL = '(?: \\d{1,2}(?:st|nd|rd|th))?'
const DETAILER = new RegExp(`^ADetailer (model|checkpoint|VAE|ControlNet model)${ORDINAL}$`, 'i')
const DETAILER_TYPES: ReadonlyMap<string, DependencyType> = new Map([
  ['checkpoint', 'checkpoint'],
  ['vae', 'vae'],
  ['controlnet model', 'controlnet'],
])

/** ADetailer's detectors and what it was told to use instead of the picture's own models; `2nd`, `3rd` for more. */
function addDetailers(table: PairTable, findings: Findings): void {
  for (const { key, value, match } of table.matching(DETAILER)) {
    const type = DETAILER_TYPES.get(match[1]?.toLowerCase() ?? '')
    const model = type === undefined ? detector(value) : { type, ...readReference(value, at(key), findings) }
    findings.add({ ...model, evidence: [at(key)] })
  }
}

const UPSCALER_KEYS =
  /^(?:Hires upscaler|Upscaler(?: \d)?|Postprocess upscaler(?: \d)?|SD upscale upscaler|Ultimate SD upscale upscaler)$/i
/** A converter of SwarmUI's pictures leaves these as they are. */
const SWARM_KEYS = /^(?:refiner|seedvr)upscalemethod$/i

function addUpscalers(table: PairTable, findings: Findings): void {
  for (const { key, value } of table.matching(UPSCALER_KEYS)) {
    findings.add({ ...upscaler(value), evidence: [at(key)] })
  }
  for (const { key, value } of table.matching(SWARM_KEYS)) {
    const file = /^(?:latent)?model-(.+)$/s.exec(value)?.[1]
    if (file !== undefined) findings.add({ type: 'upscaler', name: file, evidence: [at(key)] })
  }
}

/** SD.Next's own words: parts of the model under names of their own, and detectors that it fetches itself. */
function addSdNext(table: PairTable, findings: Findings): void {
  if (table.first('App')?.toLowerCase() !== 'sd.next') return
  for (const [key, type] of [
    ['UNet', 'diffusion_model'],
    ['TE', 'text_encoder'],
  ] as const) {
    const name = table.first(key)
    if (name !== undefined) findings.add({ type, ...readReference(name, at(key), findings), evidence: [at(key)] })
  }
  for (const item of (table.first('Detailer') ?? '').split(',', 100)) {
    const name = item.split(':', 1)[0]?.trim() ?? ''
    if (name !== '') findings.add({ ...detector(name), optional: true, evidence: [at('Detailer')] })
  }
}

export const FURTHER_PROMPTS = new RegExp(
  `^(?:(?:Hires|ADetailer) (?:negative )?prompt${ORDINAL}|(?:Refiner|Detailer) (?:prompt|negative))$`,
  'i',
)

/** Further prompts, whose tags count like those of the first one. */
export const furtherPrompts = (table: PairTable): readonly { key: string; value: string }[] =>
  table.matching(FURTHER_PROMPTS)
