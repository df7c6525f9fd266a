import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerRange, type Conduct, type FileRequest, readRange } from './range-answer.ts'

export interface StoredRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export interface FakeStorage {
  readonly host: string
  readonly requests: StoredRequest[]
  /** How it answers requests for what it has, one that it should not refuse. */
  conduct: ((request: FileRequest) => Conduct | undefined) | undefined
  /** Bytes of bodies that went out, of all objects. */
  sentBytes(): number
  /** @returns the signed address */
  put(path: string, bytes: Uint8Array): string
  /** Addresses signed so far are not taken any more. */
  expire(): void
  close(): Promise<void>
}

const xml = (code: string, message: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`

/** An object storage behind signed addresses: ranges, and 400 to whoever brings another permission along. */
export async function startFakeStorage(): Promise<FakeStorage> {
  const objects = new Map<string, Uint8Array>()
  const requests: StoredRequest[] = []
  let signature = 1
  let oldest = 1
  let served = 0
  let sent = 0

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://storage.invalid')
    requests.push({ path, headers: request.headers })
    const refuse = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
    }
    const bytes = objects.get(path)
    if (request.headers.authorization !== undefined) {
      refuse(400, xml('InvalidRequest', 'Missing x-amz-content-sha256'))
    } else if (Number(query.get('X-Amz-Signature')) < oldest) {
      refuse(403, xml('AccessDenied', 'Request has expired'))
    } else if (bytes === undefined) {
      refuse(404, xml('NoSuchKey', 'The specified key does not exist.'))
    } else {
      const asked = { index: served, path, headers: request.headers, ...readRange(request) }
      served += 1
      const headers = {
        etag: `"${bytes.byteLength}-1"`,
        'accept-ranges': 'bytes',
        'content-disposition': query.get('response-content-disposition') ?? 'attachment',
      }
      const onSent = (begin: number, end: number): void => {
        sent += end - begin
      }
      const how = storage.conduct?.(asked) ?? {}
      response.on('error', () => {})
      void answerRange(request, response, { file: bytes, how, headers, onSent }).catch(() => response.destroy())
    }
  }

  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const storage: FakeStorage = {
    host,
    requests,
    conduct: undefined,
    sentBytes: () => sent,
    put(path, bytes) {
      objects.set(path, bytes)
      const url = new URL(`http://${host}${path}`)
      const name = path.slice(path.lastIndexOf('/') + 1)
      url.searchParams.set('X-Amz-Algorithm', 'AWS4-HMAC-SHA256')
      url.searchParams.set('X-Amz-Expires', '86400')
      url.searchParams.set('X-Amz-SignedHeaders', 'host')
      url.searchParams.set('response-content-disposition', `attachment; filename="${name}"`)
      url.searchParams.set('X-Amz-Signature', String(signature))
      return url.href
    },
    expire() {
      signature += 1
      oldest = signature
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return storage
}
