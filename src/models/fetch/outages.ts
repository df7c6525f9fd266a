import { AppError, isAppError } from '../../errors.ts'
import { isUnreachable } from '../../net/failure.ts'

/** Leaves an upstream alone for a while that could not be asked, so that a host without a line waits for it once. */
export interface Outages {
  /** @throws what `ask` throws; AppError upstream_unavailable while it failed so not long ago */
  around<T>(upstream: string, ask: () => Promise<T>): Promise<T>
}

/** What was asked then is another's matter: only why it failed is told. */
const left = (upstream: string, { message, hint }: AppError): AppError => {
  const [, why = 'it did not answer'] = /: ([^:]*)$/s.exec(message) ?? []
  return new AppError('upstream_unavailable', `Could not ask ${NAMES.get(upstream) ?? upstream} a moment ago: ${why}`, {
    hint,
  })
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['civitai', 'Civitai'],
  ['huggingface', 'Hugging Face'],
  ['nodes', 'other nodes'],
])

const QUIET_MS = 30_000

/** @param now milliseconds of a clock that is never set */
export function createOutages(now: () => number = () => performance.now()): Outages {
  const known = new Map<string, { readonly error: AppError; readonly until: number }>()
  return {
    async around(upstream, ask) {
      const outage = known.get(upstream)
      if (outage !== undefined && outage.until > now()) throw left(upstream, outage.error)
      try {
        const answer = await ask()
        known.delete(upstream)
        return answer
      } catch (error) {
        if (isAppError(error) && error.code === 'upstream_unavailable' && isUnreachable(error)) {
          known.set(upstream, { error, until: now() + QUIET_MS })
        }
        throw error
      }
    },
  }
}
