import type { PromptReading, ReadRequest } from '../../src/import/read/messages.ts'
import { readPrompt as readReally } from '../../src/import/read/read-prompt.ts'
import type { MetadataLimits } from '../../src/media/container.ts'

/** Followed by the letter of a defect. */
export const MARK = 'planted defect '

/** A reader with defects, for the fuzz script to find: which one, the beginning of the input says. */
export function readPrompt(request: ReadRequest, limits: MetadataLimits): PromptReading {
  const { from } = request
  const bytes = from.kind === 'bytes' ? from.bytes : new Uint8Array(0)
  const reading = readReally(request, limits, {})
  switch (
    Buffer.from(bytes.subarray(0, MARK.length + 1))
      .toString('latin1')
      .replace(MARK, '')
  ) {
    case 'T':
      // Only what was cut short.
      if (bytes.length < 60) throw new RangeError('a planted crash')
      return reading
    case 'H':
      for (;;) Atomics.load(new Int32Array(1), 0)
    case 'N':
      return { ...reading, prompt: { ...reading.prompt, generation: { steps: Number.NaN } } }
    case 'B':
      return { ...reading, prompt: { ...reading.prompt, confidence: 1n as unknown as number } }
    case 'X':
      return process.exit(7)
    default:
      return reading
  }
}
