import { AppError, isAppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Trace } from '../lib/log.ts'
import type { GuardedFetch } from './fetch.ts'
import type { GuardedResponse } from './response.ts'
import { placeOf, regionOf, type S3AddressSettings } from './s3-address.ts'
import { toS3Error } from './s3-failure.ts'
import { describeObject, parseS3Url } from './s3-object.ts'
import { keysOf, type S3KeySettings, signS3Get } from './s3-sign.ts'

export interface S3Request {
  /** `s3://bucket/key`, the key exactly as it is: nothing in it is decoded. */
  readonly url: string
  /** `any`, or the only buckets that this request may name. */
  readonly buckets: 'any' | readonly string[]
  /** `bytes=0-1023`; without it the whole object. */
  readonly range?: string
  readonly signal?: AbortSignal
  /** Largest body; reading past it is payload_too_large. No limit by default. */
  readonly maxBytes?: number
  /** Whose request it is, for the log. */
  readonly trace?: Trace
}

export interface S3Reader {
  /**
   * Reads an object: status 200, or 206 where a range was asked for and the server has ranges. The body is what is
   * stored, even where the object has a `Content-Encoding`; it must be read or discarded.
   * @throws AppError invalid_input (no such address, a setting that is wrong, another region), forbidden (a bucket that
   * is not listed, denied, wrong keys), not_found, rate_limited, upstream_unavailable, cancelled
   */
  get(request: S3Request): Promise<GuardedResponse>
}

export interface S3Deps {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly settings: S3AddressSettings & S3KeySettings
}

/** Documents of errors are a few hundred bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024

/**
 * Signs every request for itself (SigV4) and sends it through the network guard. Redirects are not followed: a
 * signature is for one host, and what a server has to say about regions is told instead.
 */
export function createS3Reader({ fetch, clock, settings }: S3Deps): S3Reader {
  return {
    async get({ url, buckets, range, signal, maxBytes, trace }) {
      const object = parseS3Url(url)
      // Before anything else is looked at: the answer must be the same whatever exists there.
      if (buckets !== 'any' && !buckets.includes(object.bucket)) throw notListed(object.bucket)
      const { origin, path, named } = placeOf(object, settings)
      const region = regionOf(settings)
      const keys = keysOf(settings)
      const plain: Record<string, string> = range === undefined ? {} : { range }
      const headers =
        keys === undefined ? plain : await signS3Get({ origin, path, headers: plain, region, at: clock.now() }, keys)
      const response = await fetch({
        url: origin + path,
        rawPath: path,
        headers,
        hosts: [new URL(origin).host],
        ...(named === undefined ? {} : { allowPrivate: [named] }),
        ...(signal === undefined ? {} : { signal }),
        ...(maxBytes === undefined ? {} : { maxBytes }),
        ...(trace === undefined ? {} : { trace }),
        asStored: true,
        redirect: 'manual',
      })
      if (response.status === 200 || (response.status === 206 && range !== undefined)) return response
      const asked = { what: describeObject(object), bucket: object.bucket, region, signed: keys !== undefined }
      throw toS3Error(await readRefusal(response), asked)
    },
  }
}

const notListed = (bucket: string): AppError =>
  new AppError('forbidden', `Refused to read the bucket ${bucket}: it is not among those that may be read`, {
    hint: 'The owner of this airkeep can list it in AIRKEEP_S3_BUCKETS',
  })

async function readRefusal(response: GuardedResponse) {
  const { status, headers } = response
  const bucketRegion = headers.get('x-amz-bucket-region')
  const retryAfter = headers.get('retry-after')
  try {
    return { status, bucketRegion, retryAfter, body: await response.text(MAX_REFUSAL_BYTES) }
  } catch (error) {
    if (isAppError(error) && error.code === 'cancelled') throw error
    // The status says enough.
    return { status, bucketRegion, retryAfter, body: '' }
  }
}
