import * as v from 'valibot'
import { dependencySchema, warningSchema } from '../../src/import/dependency.ts'
import { generationSchema } from '../../src/import/generation.ts'
import type { PromptReading } from '../../src/import/read/messages.ts'
import type { readPrompt } from '../../src/import/read/read-prompt.ts'
import type { MetadataLimits } from '../../src/media/container.ts'

export type Read = typeof readPrompt

/** Of the program's own limits a part: what is checked is that they hold, and reading up to them takes its time. */
const LIMITS: MetadataLimits = { textBytes: 2 ** 20, totalBytes: 4 * 2 ** 20 }

/** What no input may take. */
export const MOST_MS = 2000

const readingSchema = v.object({
  dependencies: v.array(dependencySchema),
  generation: generationSchema,
  warnings: v.array(warningSchema),
  damage: v.array(warningSchema),
})

export interface Verdict {
  readonly milliseconds: number
  /** What is wrong with the reading. */
  readonly failure?: string
}

export interface Judged {
  readonly bytes: Uint8Array
  readonly format: string
  /** Whether every field of the answer is looked at, and not only that it can be sent. */
  readonly thorough: boolean
}

/** Reads an input and says whether anything was wrong with that. */
export function judge(read: Read, input: Judged): Verdict {
  const verdict = attempt(read, input)
  if (verdict.failure !== undefined || verdict.milliseconds <= MOST_MS) return verdict
  // Other work of the machine can hold one reading up, and hardly a second one.
  const again = attempt(read, input)
  const milliseconds = Math.min(verdict.milliseconds, again.milliseconds)
  if (milliseconds <= MOST_MS) return again
  return { milliseconds, failure: `it took ${Math.round(milliseconds)} ms` }
}

function attempt(read: Read, { bytes, format, thorough }: Judged): Verdict {
  const started = performance.now()
  try {
    const reading = read({ from: { kind: 'bytes', bytes }, format, keepTexts: true }, LIMITS, {})
    const milliseconds = performance.now() - started
    const failure = wrongWith(reading, thorough)
    return failure === undefined ? { milliseconds } : { milliseconds, failure }
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { milliseconds: performance.now() - started, failure: `it throws ${told}` }
  }
}

function wrongWith(reading: PromptReading, thorough: boolean): string | undefined {
  try {
    JSON.stringify(reading)
  } catch (error) {
    return `its answer cannot be sent: ${String(error)}`
  }
  if (!thorough) return undefined
  const { dependencies, generation, warnings, damage } = reading.prompt
  const answer = { dependencies, generation, warnings, damage: [...damage, ...reading.damage] }
  const { success, issues } = v.safeParse(readingSchema, answer)
  if (!success)
    return `its answer has a wrong shape: ${issues
      .map((issue) => `${v.getDotPath(issue)}: ${issue.message}`)
      .join('; ')
      .slice(0, 500)}`
  const sent: unknown = JSON.parse(JSON.stringify(answer))
  return Bun.deepEquals(sent, answer, true) ? undefined : 'its answer is another one after it was sent as JSON'
}
