import type { OpenedSource } from '../net/file-source.ts'
import type { GuardedResponse } from '../net/response.ts'
import { readStart } from './answer.ts'
import { type DownloadAnswer, toDownloadError } from './download-refusal.ts'

/**
 * The answer that no redirect follows: a mirror's own file, or undefined for 404.
 * @throws SourceRefused, AppError for whatever else it says
 */
export async function readEnd(
  response: GuardedResponse,
  { what, hasToken, ...place }: Pick<OpenedSource, 'headers' | 'hosts'> & Pick<DownloadAnswer, 'what' | 'hasToken'>,
): Promise<OpenedSource | undefined> {
  const { status, headers, contentLength } = response
  const contentType = headers.get('content-type') ?? ''
  if (status === 404 || (status === 200 && !/text|json|xml/i.test(contentType))) {
    response.discard()
    const size = contentLength === undefined ? {} : { sizeBytes: contentLength }
    return status === 404 ? undefined : { url: response.url, ...place, ...size }
  }
  const answer = { status, contentType, retryAfter: headers.get('retry-after'), hasToken, what }
  throw toDownloadError({ ...answer, text: await readStart(response) })
}
