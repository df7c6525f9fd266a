import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { AppError } from '../errors.ts'

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** `aws-chunked` is left behind by some uploads and says nothing about the stored bytes. */
const NO_CODING: ReadonlySet<string> = new Set(['', 'identity', 'aws-chunked'])

/** The transformation of the body, if any: `identity` is asked for, but some servers compress all the same. */
export function contentCoding(message: IncomingMessage): string | undefined {
  const codings = (message.headers['content-encoding'] ?? '').toLowerCase().split(',')
  const real = codings.map((coding) => coding.trim()).filter((coding) => !NO_CODING.has(coding))
  return real.length === 0 ? undefined : real.join(', ')
}

/**
 * The body as it was before the server compressed it.
 * @throws AppError upstream_unavailable for an unknown coding, and for part of a compressed body, which is unreadable
 */
export function decoded(message: IncomingMessage, coding: string, what: string): Readable {
  const create = DECODERS[coding]
  if (create === undefined || message.statusCode === 206) {
    message.destroy()
    const part = create === undefined ? '' : 'a part of the file '
    throw new AppError(
      'upstream_unavailable',
      `Cannot fetch ${what}: it sent ${part}as ${coding}, which was not asked for`,
    )
  }
  const decoder = create()
  // Errors of either side reach the reader as errors of the decoder.
  pipeline(message, decoder, () => {})
  return decoder
}
