import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { createPairTable, type PairTable } from './pair-table.ts'
import { scanPairs } from './pairs.ts'
import { at } from './place.ts'

/**
 * `ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1"`; older versions
 * write `ControlNet-0 Model` and the like as pairs of their own.
 */
export function addControlNets(table: PairTable, findings: Findings): void {
  for (const { key, value } of table.matching(/^ControlNet(?:[ -]\d{1,2})?$/i)) {
    addUnit({ unit: createPairTable(scanPairs(value, 0).pairs), prefix: '', key }, findings)
  }
  for (const { key, match } of table.matching(/^(ControlNet(?:[ -]\d{1,2})?) Model$/i)) {
    addUnit({ unit: table, prefix: `${match[1]} `, key }, findings)
  }
}

interface Unit {
  readonly unit: PairTable
  /** What stands before `Model`, `Weight` and `Enabled`. */
  readonly prefix: string
  readonly key: string
}

function addUnit({ unit, prefix, key }: Unit, findings: Findings): void {
  const name = unit.first(`${prefix}Model`)
  if (name === undefined) return
  const enabled = unit.first(`${prefix}Enabled`)?.toLowerCase() !== 'false'
  const weight = toNumber(unit.first(`${prefix}Weight`))
  findings.add({
    type: 'controlnet',
    ...readReference(name, at(key), findings),
    ...(weight === undefined ? {} : { weight }),
    active: enabled && weight !== 0,
    evidence: [at(key)],
  })
}
