import { AppError, type ErrorCode } from '../errors.ts'

/** What an S3 server said instead of an object. */
export interface S3Refusal {
  readonly status: number
  /** `x-amz-bucket-region`: the region that the bucket is in. */
  readonly bucketRegion: string | null
  readonly retryAfter: string | null
  /** The start of the body, an XML document as a rule. */
  readonly body: string
}

export interface S3Asked {
  /** The object as messages show it. */
  readonly what: string
  readonly bucket: string
  readonly region: string
  /** Whether the request was signed. */
  readonly signed: boolean
}

type Explanation = readonly [code: ErrorCode, reason: string, hint: string]

const CHECK_ENDPOINT = 'Check the address, AWS_REGION and AWS_ENDPOINT_URL'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what other servers add. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  NoSuchKey: ['not_found', 'there is no such object', 'Check the key: it is taken exactly as written'],
  NoSuchVersion: ['not_found', 'there is no such object', 'Check the key: it is taken exactly as written'],
  NoSuchBucket: ['not_found', 'there is no such bucket', CHECK_ENDPOINT],
  SignatureDoesNotMatch: [
    'forbidden',
    'the signature does not match',
    'Check AWS_SECRET_ACCESS_KEY: it has to be the secret of AWS_ACCESS_KEY_ID',
  ],
  InvalidAccessKeyId: [
    'forbidden',
    'the access key is not known there',
    'Check AWS_ACCESS_KEY_ID; a temporary key needs its AWS_SESSION_TOKEN as well',
  ],
  ExpiredToken: [
    'forbidden',
    'the session token has expired',
    'Set a new AWS_SESSION_TOKEN with the key it belongs to',
  ],
  TokenRefreshRequired: [
    'forbidden',
    'the session token has expired',
    'Set a new AWS_SESSION_TOKEN with the key it belongs to',
  ],
  InvalidToken: [
    'forbidden',
    'the session token is not valid',
    'Check AWS_SESSION_TOKEN: it belongs to one key, and a lasting key has none',
  ],
  RequestTimeTooSkewed: ['forbidden', "this host's clock is too far off", "Set this host's clock"],
  RequestExpired: ['forbidden', "this host's clock is too far off", "Set this host's clock"],
  InvalidObjectState: ['forbidden', 'the object is archived', 'Restore it first'],
  InvalidRange: ['invalid_input', 'the object does not reach that far', 'Ask for a range within the object'],
  SlowDown: ['rate_limited', 'the server asks for patience', 'Try again later'],
  AuthorizationHeaderMalformed: ['invalid_input', 'the signature is for another region', 'Check AWS_REGION'],
  PermanentRedirect: ['invalid_input', 'the bucket is to be asked for at another address', CHECK_ENDPOINT],
}

/** Answers that mean "another region" as soon as they name one. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['AuthorizationHeaderMalformed', 'PermanentRedirect', 'TemporaryRedirect', 'Redirect'],
  ...['IllegalLocationConstraintException', 'InvalidRegion'],
])

/**
 * An S3 server's refusal in words of ours: of its document only the code and a region are used, for the rest repeats
 * the request, key and signature included.
 */
export function toS3Error(refusal: S3Refusal, asked: S3Asked): AppError {
  const { status } = refusal
  const code = elementOf(refusal.body, 'Code', /^[A-Za-z0-9.]{1,64}$/)
  const region = regionNamed(refusal)
  const elsewhere = (status >= 300 && status < 400) || (code !== undefined && ELSEWHERE.has(code))
  if (elsewhere && region !== undefined && region !== asked.region) {
    const reason = `the bucket ${asked.bucket} is in the region ${region}, not in ${asked.region}`
    return failure('invalid_input', asked, reason, `Set AWS_REGION=${region}`)
  }
  const known = code === undefined || !Object.hasOwn(EXPLANATIONS, code) ? undefined : EXPLANATIONS[code]
  const [kind, reason, hint] = known ?? byStatus(status, asked)
  const told = known === undefined && code !== undefined ? `${reason} (${code})` : reason
  return failure(kind, asked, told, hint, kind === 'rate_limited' ? refusal.retryAfter : null)
}

function byStatus(status: number, { signed }: S3Asked): Explanation {
  if (status === 403 || status === 401) {
    // Without the permission to list a bucket, S3 says this of a missing object too.
    const hint = signed
      ? 'The key of AWS_ACCESS_KEY_ID needs s3:GetObject there; S3 may also answer so where the object does not exist'
      : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: it was asked for unsigned'
    return ['forbidden', 'access is denied', hint]
  }
  if (status === 404 || status === 410) return ['not_found', 'there is no such object', CHECK_ENDPOINT]
  if (status === 429) return ['rate_limited', 'the server asks for patience', 'Try again later']
  if (status >= 300 && status < 400) {
    return ['invalid_input', 'the server sends requests for the bucket elsewhere', CHECK_ENDPOINT]
  }
  if (status === 400) return ['invalid_input', 'the server does not take this request', CHECK_ENDPOINT]
  return ['upstream_unavailable', `the server answered ${status}`, 'Try again later']
}

function failure(code: ErrorCode, { what }: S3Asked, reason: string, hint: string, retryAfter: string | null = null) {
  const seconds = retryAfter !== null && /^\d{1,5}$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {}
  return new AppError(code, `Cannot read ${what}: ${reason}`, { hint, ...seconds })
}

const REGION = /^[a-z0-9][a-z0-9-]{0,62}$/

function regionNamed({ bucketRegion, body }: S3Refusal): string | undefined {
  return bucketRegion !== null && REGION.test(bucketRegion) ? bucketRegion : elementOf(body, 'Region', REGION)
}

/** Text of the first element of that name. No parser: no entities, no nesting, nothing that a document could abuse. */
function elementOf(xml: string, name: string, shape: RegExp): string | undefined {
  const text = new RegExp(`<${name}>([^<]{1,128})</${name}>`).exec(xml)?.[1]?.trim()
  return text !== undefined && shape.test(text) ? text : undefined
}
