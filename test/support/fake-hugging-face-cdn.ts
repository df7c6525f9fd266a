import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerRange, type Conduct, type FileRequest, readRange } from './range-answer.ts'

export interface FakeCdn {
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  /** How it answers requests for what it has, one that it should not refuse. */
  conduct: ((request: FileRequest) => Conduct | undefined) | undefined
  /** Bytes of bodies that went out, of all files. */
  sentBytes(): number
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
  let served = 0
  let sent = 0

  const cdn: FakeCdn = {
    requests,
    conduct: undefined,
    sentBytes: () => sent,
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
      const file = files.get(pathname.slice('/xet/'.length))
      if (headers.authorization !== undefined) {
        response.writeHead(400).end('<Error><Code>InvalidRequest</Code></Error>')
      } else if (file === undefined || Number(searchParams.get('Signature') ?? 0) <= expiredUpTo) {
        response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>')
      } else {
        const asked = { index: served, path: pathname, headers, ...readRange(request) }
        served += 1
        void answerRange(request, response, {
          file,
          how: cdn.conduct?.(asked) ?? {},
          headers: { 'accept-ranges': 'bytes' },
          onSent: (begin, end) => {
            sent += end - begin
          },
        }).catch(() => response.destroy())
      }
    },
  }
  return cdn
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
