import type { JsonObject } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import { detector, upscaler } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { hasModelExtension } from '../../model-name.ts'
import { readReference, splitHashSuffix } from '../../reference.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from '../json.ts'
import { A1111_TAGS, addTags } from '../prompt-tags.ts'
import { at } from './place.ts'

/** Models in the arguments of extensions and of the script that ran. */
export function addScripts(request: unknown, findings: Findings): void {
  for (const [written, script] of entriesOf(fieldOf(request, 'alwayson_scripts'))) {
    const args = listOf(fieldOf(script, 'args'))
    const name = written.toLowerCase()
    if (name.includes('controlnet')) addControlNets(objectsIn(args), findings)
    else if (name.includes('adetailer')) addDetailers(args, findings)
    else if (name === 'refiner') addRefiner(args, findings)
    else addFiles(args, at('alwayson_scripts'), findings)
  }
  addScript(fieldOf(request, 'script_name'), listOf(fieldOf(request, 'script_args')), findings)
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function addControlNets(units: readonly JsonObject[], findings: Findings): void {
  const place = at('alwayson_scripts.controlnet')
  for (const unit of units) {
    const name = textOf(fieldOf(unit, 'model'))
    if (name === undefined) continue
    const weight = toNumber(fieldOf(unit, 'weight'))
    findings.add({
      type: 'controlnet',
      ...readReference(name, place, findings),
      ...(weight === undefined ? {} : { weight }),
      active: fieldOf(unit, 'enabled') !== false && weight !== 0,
      evidence: [place],
    })
  }
}

const DETAILER_MODELS: readonly (readonly [field: string, type: DependencyType, use?: string])[] = [
  ['ad_checkpoint', 'checkpoint', 'ad_use_checkpoint'],
  ['ad_vae', 'vae', 'ad_use_vae'],
  ['ad_controlnet_model', 'controlnet'],
]

/** Two switches may stand before the units; the first turns all of it off. */
function addDetailers(args: readonly unknown[], findings: Findings): void {
  const place = at('alwayson_scripts.ADetailer')
  for (const unit of objectsIn(args)) {
    const enabled = args[0] !== false && fieldOf(unit, 'ad_tab_enable') !== false
    const off = enabled ? {} : { active: false }
    const name = textOf(fieldOf(unit, 'ad_model'))
    if (name !== undefined) findings.add({ ...detector(name), ...off, evidence: [place] })
    for (const field of enabled ? ['ad_prompt', 'ad_negative_prompt'] : []) {
      addTags(textOf(fieldOf(unit, field)) ?? '', place, A1111_TAGS, findings)
    }
    for (const [field, type, use] of DETAILER_MODELS) {
      const model = textOf(fieldOf(unit, field))
      if (model === undefined) continue
      const used = enabled && (use === undefined || fieldOf(unit, use) !== false)
      const read = readReference(model, place, findings)
      findings.add({ type, ...read, ...(used ? {} : { active: false }), evidence: [place] })
    }
  }
}

/** A1111's refiner as a script: whether it is on, the checkpoint, and when it takes over. */
function addRefiner([enabled, checkpoint]: readonly unknown[], findings: Findings): void {
  if (typeof checkpoint !== 'string') return
  const place = at('alwayson_scripts.refiner')
  const read = readReference(checkpoint, place, findings)
  findings.add({ type: 'checkpoint', ...read, ...(enabled === false ? { active: false } : {}), evidence: [place] })
}

/** The arguments of scripts have no names: what looks like an upscaler of an upscaling script, or like a file. */
function addScript(script: unknown, args: readonly unknown[], findings: Findings): void {
  const place = at('script_args')
  const upscales = /upscale/i.test(textOf(script) ?? '')
  if (!upscales) addFiles(args, place, findings)
  for (const arg of upscales ? args : []) {
    const isName = typeof arg === 'string' && arg.length <= 200 && /\p{L}/u.test(arg) && !arg.includes('<')
    if (isName) findings.add({ ...upscaler(arg), guessed: true, evidence: [place] })
  }
}

function addFiles(args: readonly unknown[], place: string, findings: Findings): void {
  for (const arg of args) {
    if (typeof arg !== 'string' || arg.length > 1000) continue
    addTags(arg, place, A1111_TAGS, findings)
    if (hasModelExtension(splitHashSuffix(arg.trim()).name))
      findings.add({ type: 'other', ...readReference(arg, place, findings), guessed: true, evidence: [place] })
  }
}
