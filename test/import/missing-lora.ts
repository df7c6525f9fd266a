import type { Dependency } from '../../src/import/dependency.ts'

/** A LoRA that is not on this host, as a prompt names it. */
export const MISSING_LORA: Dependency = {
  type: 'lora',
  reference: 'harbor',
  written: ['harbor'],
  hashes: [],
  urls: [],
  active: true,
  optional: false,
  evidence: [],
  status: 'missing',
  candidates: [],
  reason_code: null,
  reason: null,
  bytes_done: 0,
  bytes_total: 0,
}
