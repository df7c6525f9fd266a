import { AppError } from '../errors.ts'

/** One part of a `multipart/form-data` body; its bytes are gone once the next part is asked for. */
export interface Part {
  readonly name: string
  /** As the sender wrote it: a label, never a path; undefined for a plain field. */
  readonly filename: string | undefined
  readonly bytes: AsyncIterable<Uint8Array>
}

const MAX_HEADER_BYTES = 16_384
const MAX_PARTS = 1_000

/** @throws AppError unsupported_media_type */
export function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70})(?![^\s;]))/i.exec(contentType)
  const boundary = match?.[1] ?? match?.[2]
  if (boundary !== undefined) return boundary
  throw new AppError('unsupported_media_type', 'The multipart body needs a boundary in its Content-Type')
}

/**
 * Parts of a multipart body as they arrive, in constant memory (a parser that hands out whole parts would hold a
 * file of many gigabytes).
 * @throws AppError invalid_input where the body is no multipart body or ends early
 */
export async function* readParts(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Part> {
  const input = createInput(source)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first boundary may stand at the very beginning, without the line break that belongs to the others.
  input.prepend('\r\n')
  for await (const _ of input.until(delimiter)) {
    // What stands before the first boundary means nothing.
  }
  for (let count = 0; ; count += 1) {
    const after = await input.take(2)
    if (after === '--') return
    if (after !== '\r\n' || count >= MAX_PARTS) throw broken()
    const head = await input.takeUntil('\r\n\r\n', MAX_HEADER_BYTES)
    let finished = false
    const bytes = (async function* () {
      yield* input.until(delimiter)
      finished = true
    })()
    yield { ...describe(head), bytes }
    if (finished) continue
    for await (const _ of input.until(delimiter)) {
      // Whoever got the part left some of it.
    }
  }
}

const broken = (): AppError => new AppError('invalid_input', 'The multipart body is broken or ends early')

function createInput(source: AsyncIterable<Uint8Array>) {
  const chunks = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)

  async function more(): Promise<void> {
    const { done, value } = await chunks.next()
    if (done === true) throw broken()
    held =
      held.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.concat([held, value])
  }

  return {
    prepend(text: string): void {
      held = Buffer.concat([Buffer.from(text), held])
    },
    async take(length: number): Promise<string> {
      while (held.length < length) await more()
      const text = held.toString('latin1', 0, length)
      held = held.subarray(length)
      return text
    },
    async takeUntil(end: string, limit: number): Promise<string> {
      let at = held.indexOf(end)
      for (; at === -1; at = held.indexOf(end)) {
        if (held.length > limit) throw broken()
        await more()
      }
      if (at > limit) throw broken()
      const text = held.toString('utf8', 0, at)
      held = held.subarray(at + end.length)
      return text
    },
    /** Bytes up to `delimiter`, which is taken too. */
    async *until(delimiter: Buffer): AsyncGenerator<Uint8Array> {
      for (;;) {
        const at = held.indexOf(delimiter)
        if (at !== -1) {
          const last = held.subarray(0, at)
          held = held.subarray(at + delimiter.length)
          if (last.length > 0) yield last
          return
        }
        // The delimiter may have begun in the last bytes.
        const sure = held.length - delimiter.length + 1
        if (sure > 0) {
          const part = held.subarray(0, sure)
          held = held.subarray(sure)
          yield part
        }
        await more()
      }
    },
  }
}

/** RFC 7578: name and filename of Content-Disposition, quotes and line breaks percent-encoded as browsers do. */
function describe(head: string): Pick<Part, 'name' | 'filename'> {
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*(;.*)$/im.exec(head)?.[1]
  if (disposition === undefined) throw broken()
  const parameters = new Map<string, string>()
  for (const [, key = '', quoted, plain = ''] of disposition.matchAll(
    /;\s*([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/gi,
  )) {
    parameters.set(key.toLowerCase(), quoted === undefined ? plain : unquote(quoted))
  }
  const name = parameters.get('name')
  if (name === undefined) throw broken()
  return { name, filename: parameters.get('filename') }
}

const unquote = (text: string): string =>
  text.replace(/\\(["\\])/g, '$1').replace(/%22|%0d|%0a/gi, (code) => decodeURIComponent(code))
