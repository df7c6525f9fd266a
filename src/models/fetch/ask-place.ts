import { isAppError } from '../../errors.ts'
import { SourceRefused } from '../../net/file-source.ts'
import type { Looked } from './looked.ts'
import type { Search, SearchStep } from './wanted.ts'

/** All that could not be asked, each once; trying again helps where one of them can be asked by then. */
export function joined(failures: readonly NonNullable<Search['failure']>[]): Search['failure'] {
  if (failures.length === 0) return undefined
  const message = [...new Set(failures.map((each) => each.message))].join('; ')
  return { message, retryable: failures.some(({ retryable }) => retryable) }
}

/** What people call whoever is asked. */
export const CALLED: Readonly<Record<SearchStep['step'], string>> = {
  local: 'This host',
  nodes: 'Other nodes',
  civitai: 'Civitai',
  huggingface: 'Hugging Face',
  declared_url: 'The address that is named for it',
  known_files: 'The place of files that everybody knows',
}

/** Only why: what was asked for is known. */
const whyOf = (message: string): string => /: ([^:]*)$/s.exec(message)?.[1] ?? message

/** One place that cannot be asked is no reason not to ask the next. */
export async function orFailure(
  ask: () => Promise<Looked | undefined>,
  signal: AbortSignal,
  who: string,
): Promise<Looked | undefined> {
  try {
    return await ask()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SourceRefused) {
      const { reason, message, hint, until } = error
      const refusal = {
        ...{ reason, message },
        ...(hint === undefined ? {} : { hint }),
        ...(until === undefined ? {} : { until }),
      }
      return { offers: [], result: message, refusal }
    }
    if (!isAppError(error) || error.code === 'internal' || error.code === 'cancelled') throw error
    const { message, code } = error
    if (code === 'not_found') return { offers: [], result: message }
    const retryable = code === 'upstream_unavailable' || code === 'rate_limited'
    const told = `${who} could not be asked: ${whyOf(message)}`
    return { offers: [], result: told, failure: { message: told, retryable } }
  }
}
