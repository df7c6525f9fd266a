import { isAppError } from '../errors.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { Bandwidth } from './bandwidth.ts'
import { type BlockWriterDeps, createBlockWriter } from './block-writer.ts'
import type { Claim } from './claim.ts'
import { type Location, openRange } from './open-range.ts'
import { type RangeFacts, readRangeAnswer } from './range-answer.ts'
import { SourceFault } from './source-fault.ts'

export interface ConnectionDeps extends BlockWriterDeps {
  readonly fetch: GuardedFetch
  readonly bandwidth: Bandwidth
  /** Judges what an answer says of the whole file. @throws SourceFault; AppError for all sources */
  admit(claim: Claim, facts: RangeFacts): Promise<void>
  /** It is known where the source sends from. */
  onAnswer(): void
  /** Makes room for so many bytes of a file of unknown size. @throws SourceRefused */
  grow(bytes: number): Promise<void>
  /** Bytes came, and the claim has moved on. */
  onReceived(claim: Claim, bytes: number): void
}

/**
 * Fetches a claim over one connection and writes it, until it has all of it or another one took over the rest. What was
 * received is written, however it ends.
 * @throws SourceFault; AppError as GuardedFetch
 */
export async function fetchClaim(
  deps: ConnectionDeps,
  claim: Claim,
  from: Location,
  signal: AbortSignal,
): Promise<void> {
  const { supply } = claim
  const { idleTimeoutMs } = deps.tuning
  const end = supply.source.ranges === 'open_ended' || claim.end === Number.POSITIVE_INFINITY ? undefined : claim.end
  const asked = performance.now()
  const { response, location } = await openRange(deps.fetch, from, { begin: claim.begin, end, signal, idleTimeoutMs })
  supply.openingMs = Math.min(supply.openingMs, performance.now() - asked)
  let facts: RangeFacts
  try {
    facts = readRangeAnswer(response, claim.begin, end)
    if (facts.whole && claim.begin > 0) throw new SourceFault('whole', 'it sends the whole file instead of a part')
    if (facts.whole) supply.whole = true
    else supply.wholes = 0
    await deps.admit(claim, facts)
    supply.settle(from, location)
    deps.onAnswer()
  } catch (error) {
    response.discard()
    throw error
  }
  const contentType = response.headers.get('content-type') ?? undefined
  const exact = response.contentLength !== undefined
  await receive(deps, { claim, facts, body: response.body, contentType, exact, signal })
}

interface Reception {
  readonly claim: Claim
  readonly facts: RangeFacts
  readonly body: AsyncIterable<Uint8Array>
  readonly contentType: string | undefined
  /** The protocol itself sees to the length of the body. */
  readonly exact: boolean
  readonly signal: AbortSignal
}

async function receive(deps: ConnectionDeps, reception: Reception): Promise<void> {
  const { claim, facts, body, exact, signal } = reception
  const { tuning, bandwidth, onReceived } = deps
  const writer = createBlockWriter(deps, claim, reception.contentType)
  const bodyEnd = facts.end ?? (claim.end === Number.POSITIVE_INFINITY ? undefined : claim.end)
  let heard = performance.now()
  claim.unended = !exact && facts.whole
  try {
    for await (const chunk of body) {
      heard = performance.now()
      await bandwidth.take(chunk.length, signal)
      const { length } = chunk
      if (claim.end === Number.POSITIVE_INFINITY) await deps.grow(claim.at + length)
      let used = 0
      while (used < length && claim.at < claim.end) {
        const room = Math.min(length - used, claim.end - claim.at)
        const taken = await writer.add(chunk, used, used + room)
        used += taken
        claim.at += taken
      }
      writer.done(chunk)
      onReceived(claim, used)
      if (used < length && claim.at === bodyEnd) {
        throw new SourceFault(facts.whole ? 'different' : 'retry', 'it sends more than the file has')
      }
      if (claim.at >= claim.end && (exact || claim.at !== bodyEnd)) break
      await writer.flushAged()
    }
    const end = Math.min(claim.end, bodyEnd ?? claim.end)
    claim.unended = false
    if (end !== Number.POSITIVE_INFINITY) {
      if (claim.at < end) throw new SourceFault('retry', 'it ended too early')
    } else {
      // Nothing else said where the file ends.
      const size = claim.at
      await deps.admit(claim, { ...facts, end: size, sizeBytes: size })
    }
  } catch (error) {
    const silent = performance.now() - heard >= tuning.idleTimeoutMs * 0.95
    await writer.end()
    if (!(silent && writer.fresh() > 0 && isAppError(error) && error.code === 'upstream_unavailable')) throw error
    throw new SourceFault('silent', 'it fell silent', { cause: error })
  }
  await writer.end()
}
