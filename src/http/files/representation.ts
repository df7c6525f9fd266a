import { contentDisposition } from './content-disposition.ts'
import { toHttpDate } from './http-date.ts'
import type { ServedModel } from './model-source.ts'
import type { ByteRange } from './range.ts'

/** What a URL of the file routes stands for: a model file, or one chunk of it. */
export interface Representation {
  readonly model: ServedModel
  /** Where in the file it stands. */
  readonly place: ByteRange
  /** Of exactly these bytes; lower-case hex. */
  readonly sha256: string
  readonly filename: string
  /** Further headers. */
  readonly headers: Record<string, string>
}

/** Strong: the digest of the bytes. */
export const etagOf = ({ sha256 }: Representation): string => `"${sha256}"`

/** `sha-256=:…:` (RFC 9530). */
export const digestField = (sha256: string): string => `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`

/** What a 304 and refusals repeat (RFC 9110, 15.4.5). */
export function validatorHeaders(what: Representation, requestId: string): Record<string, string> {
  return {
    etag: etagOf(what),
    'last-modified': toHttpDate(what.model.modifiedUs / 1000),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-transform',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  }
}

/** Of an answer that holds or describes the representation or part of it. */
export function representationHeaders(what: Representation, requestId: string): Record<string, string> {
  const { sha256, tensorSha256 } = what.model
  return {
    ...validatorHeaders(what, requestId),
    'content-type': 'application/octet-stream',
    'content-disposition': contentDisposition(what.filename),
    'repr-digest': digestField(what.sha256),
    'x-model-sha256': sha256,
    ...(tensorSha256 === undefined ? {} : { 'x-model-tensor-sha256': tensorSha256 }),
    ...what.headers,
  }
}
