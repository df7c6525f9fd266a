import type { ClientRequest, IncomingMessage } from 'node:http'

/** The server cannot be reached, or went away in the middle. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  /** False only where the server certainly did not get the request. */
  readonly sent: boolean

  constructor(sent: boolean, cause: unknown) {
    super(sent ? 'The connection was lost' : 'The server cannot be reached', { cause })
    this.sent = sent
  }
}

export interface RequestOptions {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** A text at once, or pieces as they come. */
  readonly body?: string | AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

export interface Response {
  readonly status: number
  readonly contentType: string
  /** @throws ConnectionLost */
  readonly body: AsyncIterable<Uint8Array>
}

/** Errors of a connection that never came to be. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

/**
 * One request, for as long as the answer takes: node:http has no time limit of its own, where Bun's fetch ends a call
 * that is silent for five minutes, and it takes no proxy from the environment, which would keep us from loopback.
 * @throws ConnectionLost; the signal's reason
 */
export async function sendRequest(url: URL, options: RequestOptions): Promise<Response> {
  const { method, headers, body, signal } = options
  // Loaded with the first request: it is a large part of the runtime, and `airkeep serve` sends none from here.
  const { request: send } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  signal.throwIfAborted()
  const request = send(url, {
    method,
    // No connection is kept for a next call: one that the server closes meanwhile would look like a lost answer.
    agent: false,
    headers: {
      ...headers,
      connection: 'close',
      ...(typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
    },
  })
  const onAbort = (): void => void request.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', reject)
      request.once('close', () => reject(new Error('closed without an answer')))
    })
    const sending = body === undefined || typeof body === 'string' ? void request.end(body) : pump(body, request)
    // A server may refuse before it has the whole body; then the answer counts, not that sending stopped.
    const message = await Promise.race([answered, Promise.resolve(sending).then(() => answered)])
    return {
      status: message.statusCode ?? 0,
      contentType: message.headers['content-type'] ?? '',
      body: readBody(message, signal, () => signal.removeEventListener('abort', onAbort)),
    }
  } catch (error) {
    signal.removeEventListener('abort', onAbort)
    request.destroy()
    throw toLost(error, signal)
  }
}

/** What is sent could not be read. */
class SourceError extends Error {}

async function pump(body: AsyncIterable<Uint8Array>, request: ClientRequest): Promise<void> {
  try {
    for await (const chunk of body) {
      if (request.destroyed || request.writableEnded) return
      if (!request.write(chunk)) await drained(request)
    }
  } catch (cause) {
    throw new SourceError('the body cannot be read', { cause })
  }
  request.end()
}

/** Resolves when there is room again, or never will be. */
const drained = (request: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      request.off('drain', go)
      request.off('close', go)
      resolve()
    }
    request.on('drain', go)
    request.on('close', go)
  })

async function* readBody(message: IncomingMessage, signal: AbortSignal, done: () => void): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of message) yield chunk as Uint8Array
    if (!message.complete) throw new Error('the answer was cut')
  } catch (error) {
    throw toLost(error, signal)
  } finally {
    done()
    message.destroy()
  }
}

function toLost(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // Errors of the body that is sent (a file that cannot be read) are the caller's.
  if (error instanceof SourceError) return error.cause
  return new ConnectionLost(!NOT_CONNECTED.has(code), error)
}
