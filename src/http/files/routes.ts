import { AppError } from '../../errors.ts'
import type { Log } from '../../lib/log.ts'
import { type Actor, holds } from '../../operation/permission.ts'
import { parseQuery } from '../input.ts'
import type { Metrics } from '../metrics.ts'
import { jsonResponse } from '../problem.ts'
import type { Exchange, Route } from '../route.ts'
import { type AnswerDeps, answerWith, clientOf } from './answer.ts'
import { createClientLimits } from './client-limits.ts'
import type { ModelChunks, ModelSource, ServedModel } from './model-source.ts'
import type { ByteRange } from './range.ts'

export interface FileServing {
  readonly source: ModelSource
  /** `AIRKEEP_SERVE_CONNECTIONS`: transfers of one client at once; 0 is no limit. */
  readonly connections: number
  /** `AIRKEEP_SERVE_BANDWIDTH`: bytes a second over all transfers of one client; 0 is no limit. */
  readonly bandwidth: number
}

export interface SendingDeps extends Pick<FileServing, 'connections' | 'bandwidth'> {
  readonly metrics: Pick<Metrics, 'addGauge'>
  readonly log: Log
}

/** What all routes that send files have in common: the limits of a client hold for all of them together. */
export function createSending({ connections, bandwidth, metrics, log }: SendingDeps): AnswerDeps {
  const limits = createClientLimits({ connections, bytesPerSecond: bandwidth })
  metrics.addGauge('airkeep_http_file_transfers_open', 'Model files being sent', () => limits.open)
  return { limits, paced: bandwidth > 0, log }
}

export interface FileRoutesDeps extends Pick<FileServing, 'source'> {
  readonly sending: AnswerDeps
}

/** Model files by their digest, whole, in ranges and in chunks, for callers with `models:serve`. */
export function createFileRoutes({ source, sending }: FileRoutesDeps): Route[] {
  async function download(exchange: Exchange, actor: Actor): Promise<Response> {
    ensureServes(actor)
    const model = await source.find(parseHash(parseQuery(exchange.query).hash))
    const { sha256, filename, sizeBytes } = model
    const what = { model, place: { start: 0, end: sizeBytes }, sha256, filename, headers: {} }
    const digestOf = (part: ByteRange): Promise<string | undefined> => storedDigest(source, model, part)
    return answerWith(sending, { exchange, actor, what, digestOf })
  }

  /** Where they are not stored the whole file is read first: a transfer like any other, as far as the disk goes. */
  async function chunksOf(model: ServedModel, { request, connection }: Exchange, actor: Actor): Promise<ModelChunks> {
    const stored = await source.storedChunks(model)
    if (stored !== undefined) return stored
    const slot = sending.limits.enter(clientOf(actor, connection))
    try {
      connection.keepOpen()
      return await source.chunks(model, request.signal)
    } finally {
      slot.release()
    }
  }

  async function chunkList(exchange: Exchange, actor: Actor): Promise<Response> {
    ensureServes(actor)
    const { params, requestId } = exchange
    const model = await source.find(parseHash(params.hash))
    const { hashes, chunkBytes } = await chunksOf(model, exchange, actor)
    const { sha256, sizeBytes } = model
    const body = { sha256, size_bytes: sizeBytes, chunk_bytes: chunkBytes, count: hashes.length, hashes }
    return jsonResponse(body, 200, requestId)
  }

  async function chunk(exchange: Exchange, actor: Actor): Promise<Response> {
    ensureServes(actor)
    const { params } = exchange
    const hash = parseHash(params.hash)
    const index = parseIndex(params.index)
    const model = await source.find(hash)
    const chunks = await chunksOf(model, exchange, actor)
    const sha256 = chunks.hashes[index]
    if (sha256 === undefined) {
      throw new AppError('not_found', `There is no chunk ${index}: the model has ${chunks.hashes.length}`, {
        hint: 'Chunks are counted from 0',
      })
    }
    const what = {
      model,
      place: placeOf(index, chunks, model),
      sha256,
      filename: `${model.sha256}.${index}`,
      headers: { 'x-chunk-sha256': sha256, 'x-chunk-count': String(chunks.hashes.length) },
    }
    return answerWith(sending, { exchange, actor, what })
  }

  return [
    { method: 'GET', path: '/v1/models/download', access: 'actor', handle: download },
    { method: 'GET', path: '/v1/models/chunks/{hash}', access: 'actor', handle: chunkList },
    { method: 'GET', path: '/v1/models/chunks/{hash}/{index}', access: 'actor', handle: chunk },
  ]
}

function ensureServes(actor: Actor): void {
  if (holds(actor, 'models:serve')) return
  throw new AppError('forbidden', 'Fetching model files needs the permission models:serve', {
    hint: 'Ask the owner for a token with --permission models:serve',
  })
}

const placeOf = (index: number, { chunkBytes }: ModelChunks, { sizeBytes }: ServedModel): ByteRange => ({
  start: index * chunkBytes,
  end: Math.min((index + 1) * chunkBytes, sizeBytes),
})

/** Of a part that is exactly one chunk whose hash is stored. */
async function storedDigest(source: ModelSource, model: ServedModel, part: ByteRange): Promise<string | undefined> {
  const chunks = await source.storedChunks(model)
  if (chunks === undefined || part.start % chunks.chunkBytes !== 0) return undefined
  const index = part.start / chunks.chunkBytes
  return placeOf(index, chunks, model).end === part.end ? chunks.hashes[index] : undefined
}

/** 64 hex digits in either case, as SwarmUI (`0x…`) and as digests are written too (`sha256:…`). */
function parseHash(given: unknown): string {
  const match = typeof given === 'string' ? /^(?:0x|sha256:)?([0-9a-f]{64})$/i.exec(given) : null
  if (match?.[1] !== undefined) return match[1].toLowerCase()
  const expected = 'hash must be 64 hex digits: the SHA-256 of a model file or of its tensors'
  throw new AppError('invalid_input', expected, { errors: [{ path: 'hash', expected }] })
}

function parseIndex(given: string | undefined): number {
  if (given !== undefined && /^(?:0|[1-9]\d{0,8})$/.test(given)) return Number(given)
  const expected = 'index must be the number of a chunk, counted from 0'
  throw new AppError('invalid_input', expected, { errors: [{ path: 'index', expected }] })
}
