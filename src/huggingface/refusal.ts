import { AppError } from '../errors.ts'
import { SourceRefused } from '../net/file-source.ts'
import { quoteOf } from '../net/redact.ts'
import type { GuardedResponse } from '../net/response.ts'
import { waitSeconds } from './rate-limit.ts'

/** What was asked for, as messages name it. */
export interface Asked {
  /** Who was asked. */
  readonly host: string
  readonly repo: string
  /** Where people read and accept the repository's terms. */
  readonly page: string
  readonly revision?: string
  readonly path?: string
  /** What the host made of the caller's key. */
  readonly key: 'none' | 'sent' | 'refused'
}

/** What an answer means that is neither the file nor a redirect to it. */
export function toRefusal(response: GuardedResponse, asked: Asked): AppError {
  const { status, headers } = response
  const { host, repo } = asked
  const code = headers.get('x-error-code')?.toLowerCase()
  const said = quoteOf(headers.get('x-error-message')) ?? ''
  const cannot = (reason: string): string => `Cannot get ${repo} from ${host}: ${reason}`
  if (/\bis disabled\b/i.test(said)) {
    return new SourceRefused('disabled', cannot('access to it is disabled there'), { hint: 'Look for another source' })
  }
  if (code === 'gatedrepo') return gated(asked, said, cannot)
  if (code === 'reponotfound') return notThere(asked)
  if (code === 'revisionnotfound') {
    return new AppError('not_found', cannot(`it has no revision ${quoteOf(asked.revision) ?? ''}`.trimEnd()), {
      hint: `Look at ${asked.page}`,
    })
  }
  if (code === 'entrynotfound' || (status === 404 && asked.path !== undefined)) {
    const where = asked.revision === undefined ? '' : ` at ${quoteOf(asked.revision) ?? ''}`
    return new AppError(
      'not_found',
      cannot(`there is no file ${quoteOf(asked.path) ?? ''}${where}`.replace('  ', ' ')),
      {
        hint: `Look at ${asked.page}`,
      },
    )
  }
  return byStatus(status, headers, asked, said === '' ? `it answered ${status}` : `it answered ${status}: ${said}`)
}

function byStatus(status: number, headers: Headers, asked: Asked, answer: string): AppError {
  const cannot = (reason: string): string => `Cannot get ${asked.repo} from ${asked.host}: ${reason}`
  const options = { hint: 'Try again later', retryAfterSeconds: waitSeconds(headers) }
  switch (status) {
    case 404:
    case 410:
      return notThere(asked)
    case 401:
      return new SourceRefused('login', cannot('a login is needed'), { hint: keyHint(asked) })
    case 403:
      return new AppError('forbidden', cannot(answer), { hint: 'Check what the Hugging Face key may read' })
    case 451:
      return new SourceRefused('disabled', cannot('it was taken down for legal reasons'))
    case 429:
      return new AppError('rate_limited', `Cannot ask ${asked.host}: it asks to slow down (429)`, options)
    default:
      return new AppError('upstream_unavailable', cannot(answer), options)
  }
}

/** Terms have to be accepted by an account: that takes a page, a person, and the account's key. */
function gated(asked: Asked, said: string, cannot: (reason: string) => string): SourceRefused {
  if (asked.key !== 'sent') {
    const refused = asked.key === 'refused' ? '; the one that is set is not valid' : ''
    return new SourceRefused(
      'login',
      cannot(`its terms have to be accepted at ${asked.page} by an account whose key set_upstream_key then stores`),
      {
        hint: `Accept the terms at ${asked.page} and store a key of that account with set_upstream_key, or set HF_TOKEN${refused}`,
      },
    )
  }
  if (/await|pending/i.test(said)) {
    return new SourceRefused('terms', cannot('its owners have not granted access yet'), {
      hint: `Wait until ${asked.page} shows the files to the account of the key`,
    })
  }
  if (/reject/i.test(said)) {
    return new SourceRefused('terms', cannot('its owners have not granted access'), { hint: 'Look for another source' })
  }
  return new SourceRefused('terms', cannot("the key's account has not accepted its terms"), {
    hint: `Accept the terms at ${asked.page}; a fine-grained key has to allow gated repositories too`,
  })
}

/** Who may not see a repository is told that there is none. */
const notThere = (asked: Asked): AppError =>
  new AppError('not_found', `Cannot find ${asked.repo} on ${asked.host}`, {
    hint:
      asked.key === 'sent'
        ? "Check the name, and that the key's account may see it"
        : `If it is private, ${keyHint(asked)}`,
  })

const keyHint = ({ key }: Asked): string =>
  key === 'refused'
    ? 'the Hugging Face key that is set is not valid: set a new one'
    : 'store a key of an account that may see it with set_upstream_key, or set HF_TOKEN'
