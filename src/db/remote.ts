import type { Client } from '@libsql/client'
import { AppError } from '../errors.ts'
import type { Primary } from './location.ts'

/**
 * The database server could not be asked, or gave no answer of a libSQL server. Whether it did what it was asked is
 * not known.
 */
export class DatabaseUnreachable extends AppError {
  /** It took its time and gave no answer. Otherwise it failed at once, and a second try costs nothing. */
  readonly silent: boolean

  constructor(message: string, { hint = TRY_AGAIN, cause, silent = false }: UnreachableOptions = {}) {
    super('upstream_unavailable', message, { hint, cause })
    this.silent = silent
  }
}

interface UnreachableOptions {
  readonly hint?: string
  readonly cause?: unknown
  readonly silent?: boolean
}

export const TRY_AGAIN = 'Try again in a moment; airkeep goes on by itself when the database answers'

/** A server lets a writer wait 5 s for the one before it, and then ends that one's transaction. */
export const ANSWER_WITHIN_MS = 10_000
/** Reads at once; the rest waits. */
const CONCURRENCY = 20

/** A client of a libSQL server, by HTTP. Every request has an end: without one a silent server would hold all of them. */
export async function connectPrimary({ url, authToken }: Primary, answerWithinMs = ANSWER_WITHIN_MS): Promise<Client> {
  // Most databases are files, for which the clients of servers are not loaded.
  const { createClient } = await import('@libsql/client')
  return createClient({
    url,
    concurrency: CONCURRENCY,
    ...(authToken === undefined ? {} : { authToken }),
    fetch: (request: Request) => ask(request, answerWithinMs),
  })
}

async function ask(request: Request, answerWithinMs: number): Promise<Response> {
  const given = new AbortController()
  // Taken back when it is answered: at thousands a second those of AbortSignal.timeout would pile up.
  const timer = setTimeout(() => given.abort(), answerWithinMs)
  let response: Response
  let body: ArrayBuffer
  try {
    response = await fetch(request, { signal: given.signal })
    body = await response.arrayBuffer()
  } catch (cause) {
    if (!given.signal.aborted) throw new DatabaseUnreachable('Could not reach the database', { cause })
    const message = `The database did not answer within ${answerWithinMs / 1000} s`
    throw new DatabaseUnreachable(message, { cause, silent: true })
  } finally {
    clearTimeout(timer)
  }
  const { status, headers } = response
  const isJson = headers.get('content-type')?.startsWith('application/json') === true
  // What libSQL answers, its refusals of a statement or of a transaction included, is for its client to read.
  if (isJson && (response.ok || status === 400))
    return new Response(body, { status, headers: { 'content-type': 'application/json' } })
  throw explain(status, new TextDecoder().decode(body.slice(0, 1_000)))
}

function explain(status: number, text: string): AppError {
  // What a server gives out to tell a transaction by: it has restarted, or was asked twice by what lies between.
  if (status === 400 && text.includes('baton')) {
    return new DatabaseUnreachable('The database no longer knows the transaction')
  }
  if (status === 401 || status === 403) {
    return new DatabaseUnreachable('The database refused the token', {
      hint: 'Set AIRKEEP_DB_TOKEN to a token of this database that may write and has not expired',
    })
  }
  if (status === 413) {
    return new AppError('payload_too_large', 'The database refused so large a record', {
      hint: 'Shorten its text or metadata, or raise the limit of the database server',
    })
  }
  if (status >= 500 || status === 429) return new DatabaseUnreachable(`The database answered with status ${status}`)
  return new DatabaseUnreachable(`What answers for the database (status ${status}) is no libSQL server`, {
    hint: 'Check the address in AIRKEEP_DB or AIRKEEP_DB_SYNC_URL',
  })
}
