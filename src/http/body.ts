import { AppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import { describePlace, findJsonFault } from './json-fault.ts'
import { takeRawField } from './raw-field.ts'

/** `application/json; charset=utf-8` -> `application/json`; empty where there is none. */
export const mediaTypeOf = (headers: Headers): string =>
  (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Length announced by the request; undefined for a chunked body. */
function announcedLength(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('transfer-encoding') ? undefined : Number(length)
}

/** Asks for `body` only where the headers do not say it: in Bun that makes a stream of it. */
export function hasBody(request: Request): boolean {
  const length = announcedLength(request.headers)
  if (length !== undefined) return length > 0
  return request.headers.has('transfer-encoding') || request.body !== null
}

/** @throws AppError payload_too_large as soon as a body is announced to be, before any of it is read */
function refuseAnnounced(headers: Headers, limitBytes: number): void {
  if ((announcedLength(headers) ?? 0) > limitBytes) throw tooLarge(limitBytes)
}

/** Bodies up to this size are taken to their end even where they are refused. */
const DISCARDED_BYTES = 256 * 2 ** 20

/** Whether the end of a body is in sight, so that the connection may go on after it. */
export const endsSoon = (headers: Headers): boolean =>
  !headers.has('transfer-encoding') && (announcedLength(headers) ?? 0) <= DISCARDED_BYTES

export const tooLarge = (limitBytes: number): AppError =>
  new AppError('payload_too_large', `The body is larger than ${limitBytes} bytes`)

/** How long a sender may be silent in the middle of a body. */
const BODY_SILENCE_MS = 60_000

/** The rest of the body may never come: nothing more can be asked over its connection. */
export class StalledBody extends AppError {
  constructor(silenceMs: number) {
    super('invalid_input', `The body stopped in the middle: nothing came for ${silenceMs / 1000} s`)
  }
}

/**
 * A body as it arrives, up to `limitBytes`. What comes after is left unread: problemResponse sees to it.
 * @throws AppError payload_too_large, cancelled (broken off), invalid_input (StalledBody)
 */
export async function* readChunks(
  request: Request,
  limitBytes: number,
  silenceMs = BODY_SILENCE_MS,
): AsyncGenerator<Uint8Array> {
  refuseAnnounced(request.headers, limitBytes)
  if (request.body === null) return
  const reader = request.body.getReader()
  try {
    for (let left = limitBytes; ; ) {
      const { done, value } = await readWithin(silenceMs, reader)
      if (done) return
      left -= value.byteLength
      if (left < 0) throw tooLarge(limitBytes)
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

/** Only the sender's silence counts, not the time that goes into what it has sent. */
function readWithin(
  silenceMs: number,
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, 'read'>,
): ReturnType<typeof reader.read> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StalledBody(silenceMs)), silenceMs)
    reader
      .read()
      .then(resolve, (cause: unknown) => reject(brokenOff(cause)))
      .finally(() => clearTimeout(timer))
  })
}

const brokenOff = (cause: unknown): AppError => new AppError('cancelled', 'The body broke off', { cause })

async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (announcedLength(request.headers) === undefined) {
    const chunks: Uint8Array[] = []
    for await (const chunk of readChunks(request, limitBytes)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  refuseAnnounced(request.headers, limitBytes)
  const bytes = await request.arrayBuffer().catch((cause: unknown) => {
    throw brokenOff(cause)
  })
  if (bytes.byteLength > limitBytes) throw tooLarge(limitBytes)
  return new Uint8Array(bytes)
}

/**
 * The same request with its body already there, for handlers that lift the connection's limit of silence.
 * @throws AppError payload_too_large, cancelled (broken off)
 */
export async function withReadBody(request: Request, limitBytes: number): Promise<Request> {
  if (!hasBody(request)) return request
  const { url, method, headers, signal } = request
  return new Request(url, { method, headers, signal, body: await readBytes(request, limitBytes) })
}

/**
 * The fields of a JSON body; none where the body is empty.
 * @param rawField of a large body an object or a list under this name stays the text that it is
 * @throws AppError unsupported_media_type, payload_too_large, cancelled (broken off), invalid_input: no JSON (the place
 * is named, the text is not quoted) or no object
 */
export async function readJsonFields(
  request: Request,
  limitBytes: number,
  rawField?: string,
): Promise<Record<string, unknown>> {
  const type = mediaTypeOf(request.headers)
  const filled = hasBody(request)
  if (type !== 'application/json' && (filled || type !== '')) {
    throw new AppError('unsupported_media_type', 'The body must be JSON', {
      hint: 'Send Content-Type: application/json',
    })
  }
  if (!filled) return {}
  const bytes = await readBytes(request, limitBytes)
  const split = rawField !== undefined && bytes.length > LARGE_BODY ? await takeRawField(bytes, rawField) : undefined
  if (rawField !== undefined && split !== undefined) {
    const fields = parseJson(decode(split.rest))
    if (isJsonObject(fields)) return { ...fields, [rawField]: decode(split.value) }
  }
  const value = parseJson(decode(bytes))
  if (value === undefined) return {}
  if (isJsonObject(value)) return value
  throw new AppError('invalid_input', 'The body must be a JSON object')
}

/** Below this parsing takes a millisecond or two. */
const LARGE_BODY = 256 * 1024

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes)
  } catch (cause) {
    throw new AppError('invalid_input', 'The body must be UTF-8 text', { cause })
  }
}

/** Undefined for nothing but white space. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (text.trim() === '') return undefined
    // Without the engine's error as cause: it quotes the text, and causes are logged.
    const fault = findJsonFault(text)
    const place = fault === undefined ? '' : `: see ${describePlace(text, fault)}`
    throw new AppError('invalid_input', `The body is not valid JSON${place}`)
  }
}
