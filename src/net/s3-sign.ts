import { AwsV4Signer } from 'aws4fetch'
import { AppError } from '../errors.ts'

export interface S3KeySettings {
  readonly aws_access_key_id: string
  readonly aws_secret_access_key: string
  readonly aws_session_token: string
}

export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of a temporary key. */
  readonly sessionToken: string | undefined
}

/**
 * The keys to sign with; undefined where none are set and requests go unsigned.
 * @throws AppError invalid_input naming the setting that is missing or is no key, never its value
 */
export function keysOf(settings: S3KeySettings): S3Keys | undefined {
  const accessKeyId = readKey(settings.aws_access_key_id, 'AWS_ACCESS_KEY_ID')
  const secretAccessKey = readKey(settings.aws_secret_access_key, 'AWS_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const [set, missing] =
      accessKeyId === undefined
        ? ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID']
        : ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
    throw new AppError('invalid_input', `Cannot sign S3 requests: ${set} is set and ${missing} is not`, {
      hint: `Set ${missing} too, or neither for objects that anyone may read`,
    })
  }
  return { accessKeyId, secretAccessKey, sessionToken: readKey(settings.aws_session_token, 'AWS_SESSION_TOKEN') }
}

/** Values from files end in line breaks. */
function readKey(value: string, setting: string): string | undefined {
  const key = value.trim()
  if (key === '') return undefined
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new AppError('invalid_input', `The setting ${setting} must be a key: letters, digits and signs without spaces`)
}

export interface S3Get {
  /** `https://host[:port]` */
  readonly origin: string
  /** Percent-encoded as it is sent. */
  readonly path: string
  /** Signed too; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** SHA-256 of no bytes: the body of every GET. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The headers of a GET with its SigV4 signature (`Authorization`), which covers all of them and the host. */
export async function signS3Get(get: S3Get, keys: S3Keys): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({
    url: `${get.origin}/`,
    method: 'GET',
    headers: { ...get.headers, 'x-amz-content-sha256': EMPTY_SHA256 },
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    service: 's3',
    region: get.region,
    datetime: new Date(get.at).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    // Else Range would be left out of the signature.
    allHeaders: true,
  })
  // From a URL it would take a path that the parser has normalised (`a/../b`).
  signer.encodedPath = get.path
  const { headers } = await signer.sign()
  return Object.fromEntries(headers)
}
