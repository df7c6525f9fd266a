import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import type { PageToCheck } from '../detect/catalog-host.ts'
import type { OpenedNode } from '../detect/node-client.ts'
import { NodeFailure } from '../detect/node-failure.ts'
import { nameToSend, openTextOf } from '../detect/page-texts.ts'
import { escapeName } from '../ssh/remote-name.ts'

/** What another airkeep takes in one request, unless it is told otherwise. */
const MOST_BYTES = 12 * 2 ** 20

const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest), v.transform(escapeName))
const jobId = v.pipe(v.string(), v.maxLength(100), v.regex(/^[a-z]+_[0-9a-z]+$/))
const MOST = 10_000

const answerSchema = v.object({
  job_id: jobId,
  status: text(100),
  message: text(1_000),
  jobs: v.pipe(
    v.array(
      v.object({ job_id: jobId, expected: text(4_096), file_paths: v.pipe(v.array(text(4_096)), v.maxLength(MOST)) }),
    ),
    v.maxLength(MOST),
  ),
  left_out: v.pipe(
    v.array(v.object({ file_path: text(4_096), expected: text(4_096), reason: text(2_000) })),
    v.maxLength(MOST),
  ),
})

/**
 * Has another airkeep download what is missing on its own host; the jobs are there.
 * @throws AppError payload_too_large; NodeFailure; the signal's reason
 */
export async function forwardMissing(
  node: OpenedNode,
  pages: readonly PageToCheck[],
  fields: { readonly ui_home?: string | undefined; readonly max_size_bytes?: number | undefined },
  signal: AbortSignal,
) {
  const items: { file_path: string; content: string }[] = []
  let bytes = 0
  for (const page of pages) {
    signal.throwIfAborted()
    const content = await openTextOf(page)
    if (content === undefined) continue
    const item = { file_path: nameToSend(page.report.file_path), content }
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1
    if (bytes > MOST_BYTES) {
      throw new AppError('payload_too_large', 'The pages are too much for one request to a node', {
        hint: 'Give fewer pages at once',
      })
    }
    items.push(item)
  }
  const { ui_home, max_size_bytes } = fields
  const body = {
    items,
    ...(ui_home === undefined ? {} : { ui_home }),
    ...(max_size_bytes === undefined ? {} : { max_size_bytes }),
  }
  const answer = await node.post('/v1/catalog/download-missing', 'download_missing', body, { signal })
  const parsed = v.safeParse(answerSchema, answer, { abortEarly: true })
  if (!parsed.success) throw new NodeFailure('node_unusable', node.name, 'its answer is not that of download_missing')
  return { ...parsed.output, node: node.name }
}
