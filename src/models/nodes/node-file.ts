import { AppError } from '../../errors.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import { type FileSource, type OpenedSource, SourceRefused } from '../../net/file-source.ts'
import { quoteOf } from '../../net/redact.ts'
import type { GuardedResponse } from '../../net/response.ts'
import { retryAfterSeconds } from '../../net/retry-after.ts'
import { hostOf } from './node-url.ts'
import type { PeerNode } from './peer-list.ts'
import { askPeer, headersFor } from './peer-request.ts'
import type { Dialect } from './store.ts'

/** SHA-256 of each chunk of a file, in order; all but the last have that many bytes. */
export interface ChunkList {
  readonly size: number
  readonly hashes: readonly string[]
}

/** A file of a node. */
export interface NodeFileSource extends FileSource {
  /**
   * What each chunk has to be, signed as the manifest is, for whoever fetches parts from several sources. The node may
   * have to read the whole file first. Undefined where it does not say.
   * @throws AppError upstream_unavailable, conflict, checksum_mismatch, cancelled
   */
  readonly chunkHashes?: (signal: AbortSignal) => Promise<ChunkList | undefined>
}

export interface NodeFileDeps {
  readonly fetch: GuardedFetch
  readonly node: PeerNode
}

const CONNECT_MS = 10_000
const HEADERS_MS = 30_000
const MAX_PROBLEM_BYTES = 64 * 1024

/** Asks for a file and leaves its bytes: whether it can be had, and what the node says of it. */
export async function probeFile(
  { fetch, node }: NodeFileDeps,
  { dialect, path, range, signal }: { dialect: Dialect; path: string; range: string; signal: AbortSignal },
): Promise<{ readonly response: GuardedResponse; readonly opened: OpenedSource }> {
  const response = await askPeer(fetch, node, dialect, {
    ...{ path, signal, headers: { range } },
    ...{ connectTimeoutMs: CONNECT_MS, headersTimeoutMs: HEADERS_MS },
  })
  if (response.status !== 200 && response.status !== 206) throw await refusal(response, node)
  response.discard()
  const host = hostOf(node.url)
  const sizeBytes = sizeIn(response)
  return {
    response,
    opened: {
      url: `${node.url}${path}`,
      headers: await headersFor(node, dialect),
      hosts: [host],
      allowPrivate: [host],
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    },
  }
}

/** Of the whole file. */
function sizeIn({ status, headers, contentLength }: GuardedResponse): number | undefined {
  if (status === 200) return contentLength
  const total = /\/(\d{1,15})$/.exec(headers.get('content-range') ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

async function refusal(response: GuardedResponse, { name }: PeerNode): Promise<AppError> {
  const { status, headers } = response
  const said = await detailOf(response)
  const message = (reason: string): string =>
    `Cannot fetch from ${name}: ${reason}${said === undefined ? '' : `: ${said}`}`
  if (status >= 300 && status < 400) {
    return new AppError('upstream_unavailable', message(`it redirects (HTTP ${status})`), {
      hint: 'Remove the node and add it under the URL that it redirects to',
    })
  }
  switch (status) {
    case 401:
    case 403:
      return new SourceRefused('login', message(`it refuses the token (HTTP ${status})`), {
        hint: 'It wants a token with the permission models:serve: add_node with the same name and URL replaces it',
      })
    case 451:
      return new SourceRefused('license', message('a licence keeps the model there'))
    case 404:
    case 409:
    case 410:
      return new AppError('not_found', message('it does not have the file any more'))
    case 429:
      return new AppError('rate_limited', message('it asks to slow down'), {
        hint: 'Try again later',
        retryAfterSeconds: retryAfterSeconds(headers.get('retry-after')),
      })
    default:
      return new AppError('upstream_unavailable', message(`it answers HTTP ${status}`), { hint: 'Try again later' })
  }
}

/** Its own words, of a problem document. */
async function detailOf(response: GuardedResponse): Promise<string | undefined> {
  try {
    const problem = await response.json(MAX_PROBLEM_BYTES)
    return quoteOf(isJsonObject(problem) ? (problem.detail ?? problem.error) : undefined)
  } catch {
    return undefined
  }
}
