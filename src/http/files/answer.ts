import type { Log } from '../../lib/log.ts'
import type { Actor } from '../../operation/permission.ts'
import type { Connection } from '../connection.ts'
import type { Exchange } from '../route.ts'
import type { ClientLimits } from './client-limits.ts'
import { judgeConditions, judgeIfRange } from './conditions.ts'
import { openServed } from './opened-file.ts'
import { type ByteRange, parseRange } from './range.ts'
import { refuse } from './refusal.ts'
import { digestField, etagOf, type Representation, representationHeaders, validatorHeaders } from './representation.ts'
import { sendPart } from './send.ts'

export interface AnswerDeps {
  readonly limits: ClientLimits
  readonly paced: boolean
  readonly log: Log
}

export interface Asked {
  readonly exchange: Exchange
  readonly actor: Actor
  readonly what: Representation
  /** Digest of exactly this part of the representation, where it is known without computing it. */
  readonly digestOf?: (part: ByteRange) => Promise<string | undefined>
}

/**
 * A GET or HEAD of bytes that have a digest: conditions and ranges as RFC 9110 has them.
 * @throws AppError conflict (the file changed since it was indexed), rate_limited
 */
export async function answerWith({ limits, paced, log }: AnswerDeps, asked: Asked): Promise<Response> {
  const { exchange, actor, what } = asked
  const { request, requestId, connection } = exchange
  const validators = { etag: etagOf(what), modifiedMs: what.model.modifiedUs / 1000 }
  const verdict = judgeConditions(request.headers, validators)
  if (verdict === 'failed') {
    const detail = 'The model file is not the one that the request is made for'
    return refuse(412, detail, requestId, validatorHeaders(what, requestId))
  }
  if (verdict === 'not-modified') return new Response(null, { status: 304, headers: validatorHeaders(what, requestId) })

  const size = what.place.end - what.place.start
  const headers = representationHeaders(what, requestId)
  if (request.method === 'HEAD') {
    // What Range means is said for GET alone: HEAD describes the whole (RFC 9110, 14.2).
    return new Response(null, {
      headers: { ...headers, 'content-digest': digestField(what.sha256), 'content-length': String(size) },
    })
  }
  const range = judgeIfRange(request.headers, validators)
    ? parseRange(request.headers.get('range'), size)
    : ({ kind: 'whole' } as const)
  if (range.kind === 'several' || range.kind === 'unsatisfiable') {
    // Several could be answered with the whole; who asks for pieces of gigabytes is better told to ask for one each.
    const detail =
      range.kind === 'several'
        ? 'One range is sent at a time: ask for each in a request of its own'
        : `The range lies outside the ${size} bytes that there are`
    const described = { ...validatorHeaders(what, requestId), 'content-range': `bytes */${size}` }
    return refuse(416, detail, requestId, described)
  }

  const slot = limits.enter(clientOf(actor, connection))
  try {
    const file = await openServed(what.model)
    slot.onRelease(() => file.close())
    const part = range.kind === 'part' ? range : { start: 0, end: size }
    // Of a part it would have to be the part's own (RFC 9530, 2), which is known where it is exactly one chunk.
    const digest = range.kind === 'part' ? await asked.digestOf?.(part) : what.sha256
    return await sendPart({
      exchange,
      file,
      part: { start: what.place.start + part.start, end: what.place.start + part.end },
      slot,
      paced,
      status: range.kind === 'part' ? 206 : 200,
      headers: {
        ...headers,
        ...(digest === undefined ? {} : { 'content-digest': digestField(digest) }),
        ...(range.kind === 'part' ? { 'content-range': `bytes ${part.start}-${part.end - 1}/${size}` } : {}),
      },
      log,
    })
  } catch (error) {
    slot.release()
    throw error
  }
}

/** Who the limits count as one: a token wherever it comes from, the owner by the address. */
export const clientOf = (actor: Actor, connection: Connection): string =>
  actor.kind === 'token' ? `token ${actor.name}` : `address ${connection.peer() ?? ''}`
