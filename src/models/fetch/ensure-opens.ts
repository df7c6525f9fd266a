import { isAppError } from '../../errors.ts'
import { SourceRefused } from '../../net/file-source.ts'
import type { FetchCall, OpenSource } from './downloads.ts'
import type { Offer } from './wanted.ts'

/**
 * Whether a caller itself may have a file that is being fetched in the name of another: with its own key, from a host
 * that it may name. Asks sources until one lets it; none of the bytes are read. One that cannot be asked now has refused
 * nobody.
 * @throws SourceRefused, AppError forbidden, conflict: of the first that refuses
 */
export async function ensureOpens(openSource: OpenSource, offers: readonly Offer[], call: FetchCall): Promise<void> {
  // Nodes are asked in the name of this host, whoever wants it.
  if (offers.some(({ source }) => source === 'remote')) return
  let refusal: unknown
  for (const { ref } of offers) {
    try {
      const source = await openSource(ref, call)
      await source.open(call.signal)
      return
    } catch (error) {
      call.signal.throwIfAborted()
      if (isRefusal(error)) refusal ??= error
    }
  }
  if (refusal !== undefined) throw refusal
}

const isRefusal = (error: unknown): boolean =>
  error instanceof SourceRefused || (isAppError(error) && ['forbidden', 'conflict', 'not_found'].includes(error.code))
