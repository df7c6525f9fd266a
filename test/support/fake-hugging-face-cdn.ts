import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a storage has been seen to do. */
export interface CdnFaults {
  /** Sends the whole file, whatever range was asked for. */
  ignoreRange?: boolean
  /** Ends the connection after so many bytes of a body. */
  cutAfter?: number
  /** Begins elsewhere than was asked for, and says so. */
  shiftRange?: number
  /** A byte at this place of the file is another one; the size is right. */
  flipAt?: number
  /** Answers with a login page. */
  html?: boolean
}

export interface FakeCdn {
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  faults: CdnFaults
  /** An address for these bytes, as it stands in a redirect. */
  sign(bytes: Uint8Array): string
  /** Addresses signed so far are no longer good. */
  expire(): void
  setHost(host: string): void
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
}

/** A storage with signed addresses and ranges; it says nothing of ETags and does not bear an Authorization. */
export function createFakeCdn(): FakeCdn {
  const files = new Map<string, Uint8Array>()
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = []
  let host = ''
  let signatures = 0
  let expiredUpTo = 0

  const cdn: FakeCdn = {
    requests,
    faults: {},
    sign(bytes) {
      const key = sha256Of(bytes)
      files.set(key, bytes)
      signatures += 1
      return `http://${host}/xet/${key}?Expires=1785402764&Signature=${signatures}`
    },
    expire() {
      expiredUpTo = signatures
    },
    setHost(given) {
      host = given
    },
    answer(request, response) {
      const { url: path = '', headers } = request
      requests.push({ path, headers })
      response.on('error', () => {})
      const { pathname, searchParams } = new URL(path, `http://${host}`)
      const { faults } = cdn
      const file = files.get(pathname.slice('/xet/'.length))
      if (headers.authorization !== undefined) {
        response.writeHead(400).end('<Error><Code>InvalidRequest</Code></Error>')
      } else if (file === undefined || Number(searchParams.get('Signature') ?? 0) <= expiredUpTo) {
        response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>')
      } else if (faults.html === true) {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Log in</title>')
      } else sendRange(file, headers.range, faults, response)
    },
  }
  return cdn
}

function sendRange(file: Uint8Array, range: string | undefined, faults: CdnFaults, response: ServerResponse): void {
  const bytes = Buffer.from(file)
  const { flipAt, cutAfter, shiftRange = 0, ignoreRange } = faults
  if (flipAt !== undefined) bytes[flipAt] = (bytes[flipAt] ?? 0) ^ 1
  const [, first, last] = ignoreRange === true ? [] : (/^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [])
  if (first === undefined) {
    response.writeHead(200, { 'content-length': bytes.length, 'accept-ranges': 'bytes' })
    send(bytes, cutAfter, response)
    return
  }
  const from = Number(first) + shiftRange
  if (from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const to = Math.min(
    last === undefined || last === '' ? bytes.length - 1 : Number(last) + shiftRange,
    bytes.length - 1,
  )
  const part = bytes.subarray(from, to + 1)
  response.writeHead(206, {
    'content-range': `bytes ${from}-${to}/${bytes.length}`,
    'content-length': part.length,
    'accept-ranges': 'bytes',
  })
  send(part, cutAfter, response)
}

function send(bytes: Uint8Array, cutAfter: number | undefined, response: ServerResponse): void {
  if (cutAfter === undefined || cutAfter >= bytes.length) response.end(bytes)
  else response.write(bytes.subarray(0, cutAfter), () => response.destroy())
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
