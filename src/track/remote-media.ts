import { bucketsFor, hostsFor } from '../access/allowed-hosts.ts'
import { AppError } from '../errors.ts'
import type { GuardedResponse } from '../net/response.ts'
import { describeUrl } from '../net/target.ts'
import { type Call, traceOf } from '../operation/operation.ts'
import type { TrackDeps } from './deps.ts'

/** As much as may be uploaded; ends what would never end. */
const MAX_BYTES = 64 * 2 ** 30

const SCHEME = /^([a-z][a-z0-9+.-]*):/i

const schemeOf = (source: string): string | undefined => SCHEME.exec(source)?.[1]?.toLowerCase()

/** Whether a source is a path or a `file://` URL. */
export const isLocal = (source: string): boolean => (schemeOf(source) ?? 'file') === 'file'

export type RemoteDeps = Pick<TrackDeps, 'fetch' | 'allowedHosts' | 's3' | 'allowedBuckets'>

/** Begins to read what an `http(s)://` or `s3://` address names; `field` names the source, for messages. */
export function createRemoteOpener(
  deps: RemoteDeps,
): (source: string, call: Call, field: string) => Promise<GuardedResponse> {
  async function fetchUrl(source: string, call: Call): Promise<GuardedResponse> {
    const { signal, actor } = call
    const response = await deps.fetch({
      url: source,
      signal,
      trace: traceOf(call),
      hosts: hostsFor(actor, deps.allowedHosts),
      maxBytes: MAX_BYTES,
    })
    if (response.status >= 200 && response.status <= 299) return response
    response.discard()
    throw refused(source, response.status)
  }

  const fetchObject = (source: string, call: Call): Promise<GuardedResponse> =>
    deps.s3.get({
      url: source,
      buckets: bucketsFor(call.actor, deps.allowedBuckets),
      signal: call.signal,
      maxBytes: MAX_BYTES,
      trace: traceOf(call),
    })

  return async (source, call, field) => {
    const scheme = schemeOf(source)
    if (scheme === 'http' || scheme === 'https') return fetchUrl(source, call)
    if (scheme === 's3') return fetchObject(source, call)
    const expected = `${field} must be a local path or a file://, http(s):// or s3:// URL`
    throw new AppError('invalid_input', expected, { errors: [{ path: field, expected }] })
  }
}

const refused = (source: string, status: number): AppError =>
  new AppError('upstream_unavailable', `Cannot fetch ${describeUrl(new URL(source))}: it answered ${status}`, {
    hint: status === 404 || status === 410 ? 'Check that the address is right and still there' : 'Try again later',
  })
