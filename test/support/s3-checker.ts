import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'
import {
  type Authorization,
  expectedSignature,
  parseAuthorization,
  percentDecoded,
  type SignedRequest,
} from './sigv4.ts'

/** Of this server; its buckets are here unless they say otherwise. */
export const REGION = 'eu-central-1'
export const KEY_ID = 'AKIDCHECKER00EXAMPLE'
export const SECRET = 'checker/Secret+of/The=Lasting+Key/0123456'
/** A temporary key, good with its token alone. */
export const SESSION = { keyId: 'ASIACHECKER00EXAMPLE', secret: 'temporary/Secret+0123', token: 'IQoJb3Jp/token+of==' }
export const EXPIRED_TOKEN = 'IQoJb3Jp/expired=='

/**
 * `media`: private, but for keys below `denied/`. `open`: anyone may read. `far`: of another region. `echo`: every
 * object there is its own key, which the store behind cannot say of keys such as `a//b`.
 */
export const BUCKETS = ['media', 'open', 'far', 'echo', 'dotted.name'] as const
export const FAR_REGION = 'ap-southeast-2'

export interface CheckedRequest extends SignedRequest {
  /** Code of the refusal, or `passed`. */
  readonly outcome: string
}

export interface S3Checker {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly port: number
  /** Every request, in its order. */
  readonly requests: readonly CheckedRequest[]
  put(bucket: string, key: string, bytes: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<void>
  close(): Promise<void>
}

interface Refusal {
  readonly status: number
  readonly code: string
  readonly elements?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A virtual host is `bucket.s3.localhost`, which is how the store behind knows one too. */
const bucketIn = (host: string): string | undefined => /^(.+)\.s3\.localhost(?::\d+)?$/.exec(host)?.[1]

/**
 * An S3 server that someone else wrote (s3rver), which takes any signature, behind one that works every signature out
 * anew and refuses as S3 does.
 */
export async function startS3Checker(clock: () => number = Date.now): Promise<S3Checker> {
  const directory = mkdtempSync(join(tmpdir(), 'airkeep-s3-'))
  const store = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    serviceEndpoint: 'localhost',
    configureBuckets: BUCKETS.map((name) => ({ name })),
  })
  const { port: storePort } = await store.run()
  const requests: CheckedRequest[] = []

  const toStore = (method: string, path: string, headers: IncomingHttpHeaders | Readonly<Record<string, string>>) =>
    request({ host: '127.0.0.1', port: storePort, method, path, headers, agent: false })

  const server = createServer((incoming, answer) => {
    const { method = '', url: target = '', headers } = incoming
    const seen = { method, target, headers: headers as Record<string, string> }
    const { bucket, key } = addressOf(seen)
    const refusal = check(seen, bucket, key, clock())
    requests.push({ ...seen, outcome: refusal?.code ?? 'passed' })
    if (refusal !== undefined) refuse(answer, refusal)
    else if (bucket === 'echo') answer.writeHead(200).end(key)
    else {
      const { authorization: _, ...rest } = headers
      const upstream = toStore(method, target, rest)
      upstream.on('error', () => answer.destroy())
      upstream.on('response', (stored) => {
        answer.writeHead(stored.statusCode ?? 500, stored.headers)
        stored.pipe(answer)
      })
      upstream.end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    async put(bucket, key, bytes, headers = {}) {
      const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
      const status = await new Promise<number>((resolve, reject) => {
        const upload = toStore('PUT', path, { ...headers, 'content-length': String(bytes.byteLength) })
        upload.on('error', reject)
        upload.on('response', (done) => {
          done.resume()
          resolve(done.statusCode ?? 0)
        })
        upload.end(bytes)
      })
      if (status !== 200) throw new Error(`The store answered ${status} to ${path}`)
    },
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function addressOf({ target, headers }: SignedRequest): { bucket: string; key: Buffer } {
  const path = target.split('?', 1)[0] ?? ''
  const hosted = bucketIn(headers['host'] ?? '')
  if (hosted !== undefined) return { bucket: hosted, key: percentDecoded(path.slice(1)) }
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?([\s\S]*)$/.exec(path) ?? []
  return { bucket, key: percentDecoded(key) }
}

/** In the order of S3: the form, the key, its token, the region, the time, the signature, and then the rights. */
function check(request: SignedRequest, bucket: string, key: Buffer, now: number): Refusal | undefined {
  const { headers } = request
  const header = headers['authorization']
  if (header === undefined) {
    if (bucket === 'far') return elsewhere(bucket)
    return bucket === 'open' ? undefined : { status: 403, code: 'AccessDenied' }
  }
  const authorization = parseAuthorization(header)
  if (authorization === undefined) return { status: 400, code: 'AuthorizationHeaderMalformed' }
  const refusal = checkKey(headers, authorization) ?? checkSignature(request, authorization, now)
  if (refusal !== undefined) return refusal
  if (bucket === 'far') return elsewhere(bucket)
  return bucket === 'media' && key.toString().startsWith('denied/') ? { status: 403, code: 'AccessDenied' } : undefined
}

function checkKey(headers: SignedRequest['headers'], { accessKeyId }: Authorization): Refusal | undefined {
  const token = headers['x-amz-security-token']
  if (![KEY_ID, SESSION.keyId].includes(accessKeyId)) {
    return { status: 403, code: 'InvalidAccessKeyId', elements: { AWSAccessKeyId: accessKeyId } }
  }
  if (token === EXPIRED_TOKEN) return { status: 400, code: 'ExpiredToken', elements: { 'Token-0': token } }
  // A temporary key without its token is unknown.
  if (accessKeyId === SESSION.keyId && token === undefined) return { status: 403, code: 'InvalidAccessKeyId' }
  const right = accessKeyId === SESSION.keyId ? SESSION.token : undefined
  return token === right ? undefined : { status: 400, code: 'InvalidToken', elements: { 'Token-0': token ?? '' } }
}

function checkSignature(request: SignedRequest, authorization: Authorization, now: number): Refusal | undefined {
  const { headers } = request
  const { region, service, date, signedHeaders, accessKeyId, signature } = authorization
  if (region !== REGION || service !== 's3') {
    return {
      status: 400,
      code: 'AuthorizationHeaderMalformed',
      elements: { Region: REGION },
      headers: { 'x-amz-bucket-region': REGION },
    }
  }
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date'] ?? '') ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at) || date !== `${year}${month}${day}`) return { status: 403, code: 'AccessDenied' }
  if (Math.abs(now - at) > 15 * 60_000) return { status: 403, code: 'RequestTimeTooSkewed' }
  // S3 asks for host and every x-amz- header; Range as well here, so that nobody can change it on the way.
  const must = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-') || name === 'range')]
  const sorted = signedHeaders.join() === signedHeaders.toSorted().join()
  if (!sorted || !must.every((name) => signedHeaders.includes(name)) || !('x-amz-content-sha256' in headers)) {
    return { status: 403, code: 'AccessDenied', elements: { HeadersNotSigned: must.join(', ') } }
  }
  const secret = accessKeyId === SESSION.keyId ? SESSION.secret : SECRET
  if (expectedSignature(request, secret, authorization) === signature) return undefined
  const elements = { AWSAccessKeyId: accessKeyId, SignatureProvided: signature, StringToSign: 'AWS4-HMAC-SHA256' }
  return { status: 403, code: 'SignatureDoesNotMatch', elements }
}

const elsewhere = (bucket: string): Refusal => ({
  status: 301,
  code: 'PermanentRedirect',
  elements: { Bucket: bucket, Endpoint: `${bucket}.s3.${FAR_REGION}.amazonaws.com` },
  headers: { 'x-amz-bucket-region': FAR_REGION, location: 'http://127.0.0.1:1/elsewhere' },
})

function refuse(answer: ServerResponse, { status, code, elements = {}, headers = {} }: Refusal): void {
  const all = { Code: code, Message: `What S3 says of ${code}.`, ...elements, RequestId: '4442587FB7D0A2F9' }
  const inner = Object.entries(all).map(([name, text]) => `<${name}>${text.replaceAll('&', '&amp;')}</${name}>`)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner.join('')}</Error>`
  answer.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body)
}
