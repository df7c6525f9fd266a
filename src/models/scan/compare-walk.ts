import { setImmediate } from 'node:timers/promises'
import { orAborted } from '../../lib/abort.ts'
import type { CallThread } from '../../lib/call-thread.ts'
import type { ModelRoot } from '../root.ts'
import type { ScanCalls } from './messages.ts'
import { type PackedFiles, packFiles, unpackPaths } from './packed.ts'
import type { StoredFile, WalkedFile, WalkSummary } from './walked-file.ts'

export interface CompareOptions {
  /** In this order: where several lead to a file, the first one lists it. */
  readonly roots: readonly ModelRoot[]
  /** What is stored of the files below these roots, in pages of any size. */
  readonly stored: AsyncIterable<readonly StoredFile[] | PackedFiles>
  readonly signal: AbortSignal
  /** The next batch comes when this has resolved. */
  readonly onChanged: (batch: readonly WalkedFile[]) => Promise<void>
  /** Model files met so far, about ten times a second. */
  readonly onProgress?: ((files: number) => void) | undefined
}

/** Changed files of one message: about a millisecond of the event loop. */
const BATCH = 500

/** Stored files and vanished paths of one message; the same. */
const PAGE = 2_000

/**
 * Sends what is stored while the worker walks, then takes what differs.
 * @param walked the walk that was asked of the thread just before
 */
export async function compareWalk(
  thread: CallThread<ScanCalls>,
  { stored, signal, onChanged }: CompareOptions,
  walked: Promise<unknown>,
): Promise<WalkSummary> {
  // The worker takes pages when it has walked: one that fails has rejected all of them, and the first await tells.
  const sent = [walked]
  const failed = new AbortController()
  walked.catch((error: unknown) => failed.abort(error))
  for await (const page of stored) {
    for (const packed of packPages(page)) {
      signal.throwIfAborted()
      failed.signal.throwIfAborted()
      const taken = thread.call('page', packed)
      taken.catch(() => {})
      sent.push(taken)
      // What is in memory comes without a turn of the event loop.
      await setImmediate()
    }
  }
  await orAborted(Promise.all(sent), signal)

  while (true) {
    const batch = await orAborted(thread.call('changed', BATCH), signal)
    if (batch.length === 0) break
    await onChanged(batch)
  }
  const vanished: string[] = []
  while (true) {
    const paths = unpackPaths(await orAborted(thread.call('vanished', PAGE), signal))
    if (paths.length === 0) break
    for (const path of paths) vanished.push(path)
  }
  return { ...(await orAborted(thread.call('end', undefined), signal)), vanished }
}

function* packPages(page: readonly StoredFile[] | PackedFiles): Generator<PackedFiles> {
  if ('numbers' in page) yield page
  else for (let from = 0; from < page.length; from += PAGE) yield packFiles(page.slice(from, from + PAGE))
}
