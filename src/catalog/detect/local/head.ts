import { inspectFile } from '../../../models/inspect/inspect-file.ts'
import { USELESS_STATES } from '../../../models/inspect/inspection.ts'
import type { FoundFile } from './messages.ts'

/** Why nothing could load a file, as far as its head tells: a web page under a model's name, cut off. Blocks. */
export function faultOfHead({ path: listedPath, real: path, sizeBytes, modifiedUs }: FoundFile): string | null {
  try {
    const { state, fault } = inspectFile({ path, listedPath, partial: false, sizeBytes, modifiedUs, sample: false })
    // One that changes while it is read is no wreck yet.
    const isUseless = state !== 'partial' && USELESS_STATES.includes(state)
    return isUseless ? (fault ?? 'Nothing could load it') : null
  } catch {
    return null
  }
}
