import { createHash, createHmac } from 'node:crypto'

/** A request as a server received it. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as they came over the wire. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Authorization {
  readonly accessKeyId: string
  /** `20130524` */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const PATTERN =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

export function parseAuthorization(header: string): Authorization | undefined {
  const found = PATTERN.exec(header)
  if (found === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = found
  return { accessKeyId, date, region, service, signedHeaders: names.split(';'), signature }
}

/**
 * The signature that a request should have, worked out from the bytes of the request by the description of SigV4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html), for S3, where paths are decoded and
 * encoded once and never normalised.
 */
export function expectedSignature(request: SignedRequest, secret: string, authorization: Authorization): string {
  const { date, region, service, signedHeaders } = authorization
  const { headers } = request
  const [path = '', query = ''] = splitOnce(request.target, '?')
  const canonical = [
    request.method,
    reencode(path, true),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    headers['x-amz-content-sha256'] ?? sha256(''),
  ].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [date, region, service, 'aws4_request', toSign])
    key = createHmac('sha256', key).update(part).digest()
  return key.toString('hex')
}

const canonicalQuery = (query: string): string =>
  query === ''
    ? ''
    : query
        .split('&')
        .map((pair) => splitOnce(pair, '='))
        .map(([name = '', value = '']) => `${reencode(name, false)}=${reencode(value, false)}`)
        .sort()
        .join('&')

function splitOnce(text: string, sign: string): string[] {
  const at = text.indexOf(sign)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** Byte by byte: percent-decoded, then everything but unreserved characters (and slashes of a path) encoded. */
export function reencode(text: string, keepSlash: boolean): string {
  let out = ''
  for (const byte of percentDecoded(text)) {
    const sign = String.fromCharCode(byte)
    const stays = byte < 0x80 && (/[A-Za-z0-9._~-]/.test(sign) || (keepSlash && sign === '/'))
    out += stays ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

export function percentDecoded(text: string): Buffer {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    const hex = /^%([0-9A-Fa-f]{2})/.exec(text.slice(at, at + 3))?.[1]
    if (hex === undefined) bytes.push(text.charCodeAt(at))
    else {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    }
  }
  return Buffer.from(bytes)
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
