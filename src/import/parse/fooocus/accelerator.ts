import type { Findings, Mention } from '../../mention.ts'
import { parseModelName } from '../../model-name.ts'

/** LoRAs that Fooocus fetches and loads for a "performance", whether the record lists them or not. */
const BY_PERFORMANCE: ReadonlyMap<string, string> = new Map([
  ['lightning', 'sdxl_lightning_4step_lora.safetensors'],
  ['extreme speed', 'sdxl_lcm_lora.safetensors'],
  ['hyper-sd', 'sdxl_hyper_sd_4step_lora.safetensors'],
])

const acceleratorOf = (performance: string | undefined): string | undefined =>
  BY_PERFORMANCE.get(performance?.trim().toLowerCase() ?? '')

export function addAccelerator(performance: string | undefined, place: string, findings: Findings): void {
  const file = acceleratorOf(performance)
  if (file !== undefined) findings.add({ type: 'lora', name: file, knownFile: file, optional: true, evidence: [place] })
}

/** `optional` for the LoRA that the performance brings along, wherever it is listed. */
export function optionalAccelerator(name: string, performance: string | undefined): Pick<Mention, 'optional'> {
  const file = acceleratorOf(performance)
  return file !== undefined && parseModelName(name).stem === parseModelName(file).stem ? { optional: true } : {}
}
