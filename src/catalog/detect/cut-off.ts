import type { ReadAt } from '../../hash/read-at.ts'
import { readAtOf } from '../../hash/read-at.ts'
import { readSafetensorsFile } from '../../hash/safetensors-file.ts'
import { readContent } from '../../models/inspect/content.ts'
import { USELESS_STATES } from '../../models/inspect/inspection.ts'

/** The smallest there are, embeddings, have more. */
const SMALLEST_MODEL = 1024

/** What the first bytes of a model tell. */
export interface Start {
  /** Why nothing could load it. */
  readonly fault?: string
  /** There is no more of it, or its header has told how long it has to be. */
  readonly isWhole: boolean
}

const UNKNOWN: Start = { isWhole: false }

/**
 * What can be known of a model of which only the first bytes are at hand, or none: that it is cut off, or no model.
 * @param name without a query behind it
 */
export function readStart(name: string, head: Uint8Array | undefined, sizeBytes: number): Start {
  if (head === undefined || head.length === 0) {
    if (sizeBytes >= SMALLEST_MODEL) return UNKNOWN
    return { isWhole: false, fault: `It has only ${sizeBytes} bytes: no model is so small` }
  }
  if (head.length >= sizeBytes) {
    // As with what a link leads to: nothing that stands in it is repeated.
    const { state, fault } = readContent(readAtOf(head), sizeBytes, name, { toStranger: false })
    return USELESS_STATES.includes(state)
      ? { isWhole: false, fault: fault ?? 'Nothing could load it' }
      : { isWhole: true }
  }
  if (!/\.(?:safetensors|sft)$/i.test(name)) return UNKNOWN
  let isHeaderThere = true
  const read: ReadAt = (position, length) => {
    isHeaderThere &&= position + length <= head.length
    return head.subarray(position, position + length)
  }
  const { fault } = readSafetensorsFile(read, sizeBytes)
  if (!isHeaderThere) return UNKNOWN
  if (fault === undefined) return { isWhole: true }
  return { isWhole: false, fault: fault.reason.charAt(0).toUpperCase() + fault.reason.slice(1) }
}
