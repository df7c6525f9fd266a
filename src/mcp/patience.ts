import { setTimeout as after } from 'node:timers/promises'

export interface PatienceOptions {
  /** How long an answer may take before something must be heard of it. */
  readonly patienceMs: number
  /** Between two signs of life. */
  readonly keepAliveMs: number
}

/**
 * An answer that comes soon as it is, with its own status and as plain JSON; for a slow one an event stream that is
 * open already and ends with it. A connection that stays silent for long is cut by proxies, and a stream that is
 * opened for everything would have said 200 before a tool could say otherwise.
 */
export async function withPatience(answer: Promise<Response>, options: PatienceOptions): Promise<Response> {
  const waiting = new AbortController()
  const late = after(options.patienceMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  const soon = await Promise.race([answer, late]).finally(() => waiting.abort())
  return soon ?? toStream(answer, options.keepAliveMs)
}

function toStream(answer: Promise<Response>, keepAliveMs: number): Response {
  const encoder = new TextEncoder()
  let signs: ReturnType<typeof setInterval> | undefined
  let parts: AsyncIterator<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signs = setInterval(() => controller.enqueue(encoder.encode(': keepalive\n\n')), keepAliveMs)
    },
    async pull(controller) {
      parts ??= partsOf(await answer.finally(() => clearInterval(signs)))
      const { done, value } = await parts.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    // The request's own signal tells the tool.
    async cancel() {
      clearInterval(signs)
      await parts?.return?.()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

/** The answer as an event stream has it. */
async function* partsOf(response: Response): AsyncGenerator<Uint8Array, undefined> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) yield* response.body ?? []
  else yield new TextEncoder().encode(`event: message\ndata: ${await response.text()}\n\n`)
}
