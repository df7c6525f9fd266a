import type { DependencyType } from '../../dependency.ts'
import { toNumber } from '../../generation.ts'
import { detector, upscaler } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { at } from './main-model.ts'
import { createPairTable, type PairTable } from './pair-table.ts'
import { scanPairs } from './pairs.ts'

/** Models of what A1111's extensions and post-processing write. */
export function addExtensions(table: PairTable, findings: Findings): void {
  addControlNets(table, findings)
  addDetailers(table, findings)
  for (const { key, value } of table.matching(UPSCALER_KEYS)) {
    findings.add({ ...upscaler(value), evidence: [at(key)] })
  }
  const face = table.first('Face restoration')
  if (face !== undefined)
    findings.add({ type: 'other', name: face, optional: true, evidence: [at('Face restoration')] })
}

const UPSCALER_KEYS =
  /^(?:Hires upscaler|Upscaler(?: \d)?|Postprocess upscaler(?: \d)?|SD upscale upscaler|Ultimate SD upscale upscaler)$/i

/**
 * `ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1"`; older versions
 * write `ControlNet-0 Model` and the like as pairs of their own.
 */
function addControlNets(table: PairTable, findings: Findings): void {
  for (const { key, value } of table.matching(/^ControlNet \d{1,2}$/i)) {
    const inner = createPairTable(scanPairs(value, 0).pairs)
    addControlNet(inner.first('Model'), toNumber(inner.first('Weight')), true, key, findings)
  }
  for (const { key, value, match } of table.matching(/^(ControlNet(?:-\d{1,2})?) Model$/i)) {
    const enabled = table.first(`${match[1]} Enabled`)?.toLowerCase() !== 'false'
    addControlNet(value, toNumber(table.first(`${match[1]} Weight`)), enabled, key, findings)
  }
}

function addControlNet(
  name: string | undefined,
  weight: number | undefined,
  enabled: boolean,
  key: string,
  findings: Findings,
): void {
  if (name === undefined) return
  const strength = weight === undefined ? {} : { weight }
  const read = readReference(name, at(key), findings)
  findings.add({ type: 'controlnet', ...read, ...strength, active: enabled && weight !== 0, evidence: [at(key)] })
}

const DETAILER_MODELS: readonly (readonly [suffix: string, type: DependencyType])[] = [
  ['checkpoint', 'checkpoint'],
  ['VAE', 'vae'],
  ['ControlNet model', 'controlnet'],
]

/** ADetailer's detectors and what it was told to use instead of the picture's own models; `2nd`, `3rd` for more. */
function addDetailers(table: PairTable, findings: Findings): void {
  for (const { key, value, match } of table.matching(/^ADetailer model( \d{1,2}(?:st|nd|rd|th))?$/i)) {
    findings.add({ ...detector(value), evidence: [at(key)] })
    for (const [suffix, type] of DETAILER_MODELS) {
      const ownKey = `ADetailer ${suffix}${match[1] ?? ''}`
      const name = table.first(ownKey)
      if (name === undefined) continue
      findings.add({ type, ...readReference(name, at(ownKey), findings), evidence: [at(ownKey)] })
    }
  }
}

/** Further prompts, whose tags count like those of the first one. */
export const furtherPrompts = (table: PairTable): { key: string; value: string }[] => [
  ...table.matching(/^(?:Hires|ADetailer) (?:negative )?prompt(?: \d{1,2}(?:st|nd|rd|th))?$/i),
]
