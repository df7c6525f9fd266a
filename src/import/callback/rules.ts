import { AppError } from '../../errors.ts'
import { readUrl } from '../../net/target.ts'
import type { Actor } from '../../operation/permission.ts'
import { checkNamedHost } from '../named-host.ts'

export interface CallbackRules {
  /** @throws AppError invalid_input, forbidden */
  check(url: string, actor: Actor): void
}

export interface CallbackRulesDeps {
  /** Setting AIRKEEP_WEBHOOK_SECRET; empty: none. */
  readonly secret: string
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

/** Which address an import may tell of its end; asked before there is a job. */
export function createCallbackRules({ secret, hostsFor }: CallbackRulesDeps): CallbackRules {
  return {
    check(url, actor) {
      if (secret === '') {
        throw new AppError(
          'invalid_input',
          'callback_url needs AIRKEEP_WEBHOOK_SECRET, with which callbacks are signed',
          {
            hint: 'Follow the job by GET /v1/prompts/import/{job_id}/events, or ask the owner to set it',
            errors: [{ path: 'callback_url', expected: 'callback_url must be left out' }],
          },
        )
      }
      const expected = 'callback_url must be an https address'
      if (readUrl(url)?.protocol !== 'https:') {
        throw new AppError('invalid_input', expected, { errors: [{ path: 'callback_url', expected }] })
      }
      checkNamedHost('callback_url', url, hostsFor(actor))
    },
  }
}
