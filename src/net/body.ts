import type { Readable } from 'node:stream'
import { AppError, isAppError } from '../errors.ts'
import { isDamage, toNetworkError } from './failure.ts'

export interface BodyOptions {
  /** The URL as messages show it. */
  readonly what: string
  readonly contentLength: number | undefined
  readonly maxBytes: number | undefined
  readonly idleTimeoutMs: number
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** What is known about why the stream broke off. */
  readonly reason: () => unknown
  /** Closes the connection; may be called again. */
  readonly close: () => void
}

/**
 * Chunks as they come, read only as fast as they are taken; may be walked through once. Leaving the loop closes the
 * connection.
 * @throws AppError upstream_unavailable (cut short, or silent), payload_too_large, cancelled
 */
export async function* readBody(source: Readable, options: BodyOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { what, contentLength, maxBytes = Number.POSITIVE_INFINITY } = options
  const tooLarge = (): AppError =>
    new AppError('payload_too_large', `Stopped fetching ${what}: it is larger than ${maxBytes} bytes`)
  let received = 0
  try {
    if (contentLength !== undefined && contentLength > maxBytes) throw tooLarge()
    for (;;) {
      const chunk: Uint8Array | null = source.read()
      if (chunk !== null) {
        received += chunk.byteLength
        options.onBytes?.(chunk.byteLength)
        if (received > maxBytes) throw tooLarge()
        yield chunk
      } else if (source.readableEnded) {
        return
      } else if (source.destroyed) {
        throw cutShort(received, source, options)
      } else if (!(await readable(source, options.idleTimeoutMs))) {
        throw new AppError(
          'upstream_unavailable',
          `Cannot fetch ${what}: silent for ${options.idleTimeoutMs / 1000} s after ${received} bytes`,
          { hint: 'Try again later' },
        )
      }
    }
  } finally {
    options.close()
  }
}

function cutShort(received: number, source: Readable, { what, contentLength, reason }: BodyOptions): AppError {
  const cause = reason() ?? source.errored
  if (isAppError(cause) || isDamage(cause)) return toNetworkError(cause, what)
  const place =
    contentLength === undefined
      ? `after ${received} bytes, before its end`
      : `after ${received} of ${contentLength} bytes`
  return new AppError('upstream_unavailable', `Cannot fetch ${what}: it ended ${place}`, {
    hint: 'Try again later',
    cause,
  })
}

/** Waits until there is something to read, an end or an error: false when nothing of that came in time. */
function readable(source: Readable, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (came: boolean) => (): void => {
      clearTimeout(timer)
      for (const event of EVENTS) source.off(event, wake)
      resolve(came)
    }
    const wake = settle(true)
    const timer = setTimeout(settle(false), timeoutMs)
    for (const event of EVENTS) source.once(event, wake)
  })
}

const EVENTS = ['readable', 'end', 'close'] as const
