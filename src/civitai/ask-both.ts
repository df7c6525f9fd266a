import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import type { CivitaiHosts } from './hosts.ts'
import { type CivitaiRequestDeps, NOT_THERE, requestJson } from './request.ts'
import { askSibling, type ModelRequestOptions } from './wire.ts'

/** One question to Civitai's API. */
export interface Question<T> {
  /** Below `/api/v1`, with its query. */
  readonly path: string
  /** Sent by POST. */
  readonly body?: JsonValue
  /** Undefined where the answer holds nothing of what was asked for: then the other host is asked. */
  readonly read: (answer: unknown, host: string) => T | undefined
}

export type AskDeps = CivitaiRequestDeps & { readonly hosts: CivitaiHosts }

/**
 * Asks the configured host, and the other host of the same site for what the first does not show. The caller's key goes
 * to the first alone.
 * @throws as {@link requestJson} for the first
 */
export async function askBoth<T>(
  { path, body, read }: Question<T>,
  options: ModelRequestOptions,
  { hosts, ...deps }: AskDeps,
): Promise<T | undefined> {
  const { base, sibling, allowed } = hosts
  const ask = async (origin: URL): Promise<T | undefined> => {
    const { signal, trace } = options
    const token = hosts.tokenFor(origin, options.token)
    const url = hosts.api(origin, path)
    const what = body === undefined ? {} : { body }
    const answer = await requestJson({ url, ...what, hosts: allowed, signal, token, trace }, deps)
    return answer === NOT_THERE ? undefined : read(answer, url.host)
  }
  let found = await ask(base)
  if (found !== undefined || sibling === undefined) return found
  const other = async (): Promise<void> => {
    found = await ask(sibling)
  }
  await askSibling(other, options, deps.log)
  return found
}

/** The answer is there, but it is not what it should be. */
export const unusable = (host: string, reason: string): AppError =>
  new AppError('upstream_unavailable', `Cannot use the answer of ${host}: ${reason}`, {
    hint: 'Check AIRKEEP_CIVITAI_URL',
  })
