/** What is taken, and thrown away, of a refused body whose end is not in sight, and for how long. */
const LINGER_BYTES = 64 * 2 ** 20
const LINGER_MS = 2_000

/**
 * The body of an answer that ends when the client has stopped sending, or has sent for long enough. A client that is
 * still sending when the connection closes sees a broken pipe instead of the answer.
 */
export function lingeringBody(text: string, request: Request): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
    },
    async pull(controller) {
      await discardBody(request)
      controller.close()
    },
  })
}

async function discardBody({ body }: Request): Promise<void> {
  if (body === null || body.locked) return
  const reader = body.getReader()
  const stop = (): void => void reader.cancel().catch(() => {})
  const timer = setTimeout(stop, LINGER_MS)
  try {
    for (let left = LINGER_BYTES; left > 0; ) {
      const { done, value } = await reader.read()
      if (done) return
      left -= value.byteLength
    }
  } catch {
    // The client is gone.
  } finally {
    clearTimeout(timer)
    stop()
  }
}
