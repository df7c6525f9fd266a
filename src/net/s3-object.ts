import { AppError } from '../errors.ts'

export interface S3Object {
  readonly bucket: string
  /** Exactly as it was written: nothing in it is decoded or normalised. */
  readonly key: string
}

const MAX_KEY_BYTES = 1024
/** Wider than the rules for new buckets: old ones and other servers have upper case, underscores and up to 255 characters. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,254}$/i

export const isBucketName = (name: string): boolean => BUCKET.test(name)

/**
 * Reads `s3://bucket/key`. Everything behind the slash is the key, as other S3 tools have it: `?`, `#`, `%20` and a
 * leading `/` too.
 * @throws AppError invalid_input, also for a key that leads out of its bucket by `..`
 */
export function parseS3Url(url: string): S3Object {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?([\s\S]*)$/i.exec(url) ?? []
  const refuse = (reason: string, hint = 'Write it as s3://bucket/key'): AppError =>
    new AppError('invalid_input', `Cannot read the s3:// address: ${reason}`, { hint })
  if (!isBucketName(bucket)) throw refuse('it has no valid bucket name')
  if (key === '') throw refuse('it names a bucket and no object in it')
  if (!key.isWellFormed()) throw refuse('its key is not well-formed Unicode')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw refuse(`its key is longer than ${MAX_KEY_BYTES} bytes`)
  if (climbs(key)) {
    throw refuse('the .. in its key leads out of the bucket', 'S3 itself has no such objects: check the key')
  }
  return { bucket, key }
}

/**
 * S3 takes `..` in a key only as long as it does not lead above the start
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html). A server that does resolve it would
 * otherwise answer from another bucket, around the rule for callers with a token.
 */
function climbs(key: string): boolean {
  let depth = 0
  for (const part of key.split(/[/\\]/)) {
    if (part === '..') depth -= 1
    else if (part !== '' && part !== '.') depth += 1
    if (depth < 0) return true
  }
  return false
}

const LONGEST_KEY_SHOWN = 200

/** An object as messages show it, on one line. */
export function describeObject({ bucket, key }: S3Object): string {
  const shown = key.length > LONGEST_KEY_SHOWN ? `${key.slice(0, LONGEST_KEY_SHOWN)}…` : key
  return `s3://${bucket}/${shown.toWellFormed().replace(/\p{C}/gu, '\uFFFD')}`
}
