import { AppError } from '../errors.ts'
import type { Trace } from '../lib/log.ts'
import { publicUrl } from '../lib/public-url.ts'
import { listsHost, parseAllowList } from './allow-list.ts'
import { dispositionFilename } from './content-disposition.ts'
import type { GuardedFetch } from './fetch.ts'
import { type FileSource, type OpenedSource, SourceRefused } from './file-source.ts'
import type { GuardedResponse } from './response.ts'
import { retryAfterSeconds } from './retry-after.ts'
import { checkTarget, describeUrl, parseUrl } from './target.ts'

export interface UrlFile {
  readonly url: string
  /** Where the request and its redirects may go. */
  readonly hosts: 'any' | readonly string[]
  /** What the owner set up: may be a private address, and answer without TLS. */
  readonly allowPrivate?: readonly string[]
  readonly trace?: Trace
}

/**
 * The file at an address that somebody names. Opening it follows redirects, so that the address of a storage behind it
 * serves for all parts, and reads none of the file.
 * @throws AppError invalid_input for what is no URL; forbidden for http where the owner set up nothing of the kind
 */
export function createUrlFileSource({ fetch }: { readonly fetch: GuardedFetch }, file: UrlFile): FileSource {
  const { hosts, allowPrivate, trace } = file
  const asked = parseUrl(file.url)
  refuseWithoutTls(asked, allowPrivate ?? [])
  return {
    id: `url:${publicUrl(asked.href)}`,
    kind: 'url',
    ranges: 'bounded',
    async open(signal) {
      const response = await fetch({
        url: asked,
        // Signed addresses are for GET alone, and not every server knows HEAD.
        headers: { range: 'bytes=0-0' },
        signal,
        hosts,
        ...(allowPrivate === undefined ? {} : { allowPrivate }),
        ...(trace === undefined ? {} : { trace }),
      })
      response.discard()
      if (response.status !== 200 && response.status !== 206) throw refusal(response, describeUrl(asked))
      if (isPage(response)) {
        throw new AppError('upstream_unavailable', `Cannot fetch ${describeUrl(asked)}: it is a web page, not a file`, {
          hint: 'Give the address of the file itself, one that opens without a login',
        })
      }
      refuseWithoutTls(parseUrl(response.url), allowPrivate ?? [])
      return opened(response, { hosts, ...(allowPrivate === undefined ? {} : { allowPrivate }) })
    },
  }
}

/** Bytes that came without TLS are anybody's: only a host that the owner chose may send them so. */
function refuseWithoutTls(url: URL, allowPrivate: readonly string[]): void {
  const target = checkTarget(url)
  if (target.secure || listsHost(parseAllowList(allowPrivate, 'the hosts of this request'), target)) return
  throw new AppError('forbidden', `Refused to fetch ${describeUrl(url)}: it is not https`, {
    hint: `Use its https address; if it is a server of your own, list ${target.hostname} in AIRKEEP_ALLOW_PRIVATE_NETWORK`,
  })
}

const isPage = ({ headers }: GuardedResponse): boolean =>
  /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get('content-type') ?? '') &&
  !/^\s*attachment\b/i.test(headers.get('content-disposition') ?? '')

function opened(response: GuardedResponse, where: Pick<OpenedSource, 'hosts' | 'allowPrivate'>): OpenedSource {
  const { url, headers } = response
  const [, total] = /^bytes 0-0\/(\d{1,15})$/.exec(headers.get('content-range') ?? '') ?? []
  const sizeBytes = response.status === 206 ? total : response.contentLength
  const filename = dispositionFilename(headers.get('content-disposition')) ?? lastPart(url)
  return {
    ...where,
    url,
    headers: {},
    ...(sizeBytes === undefined ? {} : { sizeBytes: Number(sizeBytes) }),
    ...(filename === undefined ? {} : { filename }),
  }
}

function lastPart(url: string): string | undefined {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || undefined
  } catch {
    return last
  }
}

function refusal({ status, headers }: GuardedResponse, what: string): AppError {
  const message = (reason: string): string => `Cannot fetch ${what}: ${reason}`
  const retryAfter = { retryAfterSeconds: retryAfterSeconds(headers.get('retry-after')) }
  if (status === 404 || status === 410) {
    return new AppError('not_found', message(`there is nothing (${status})`), { hint: 'Check the address' })
  }
  if (status === 401) {
    return new SourceRefused('login', message('it asks for a login (401)'), {
      hint: 'Give an address that opens without a login',
    })
  }
  if (status === 403) {
    return new AppError('forbidden', message('the server refuses it (403)'), {
      hint: 'The address may have expired, or need a login',
    })
  }
  if (status === 451) {
    return new SourceRefused('region', message('it is not available here for legal reasons (451)'))
  }
  if (status === 429) {
    return new AppError('rate_limited', message('it asks to slow down (429)'), {
      hint: 'Try again later',
      ...retryAfter,
    })
  }
  return new AppError('upstream_unavailable', message(`it answered ${status}`), {
    hint: 'Try again later',
    ...retryAfter,
  })
}
