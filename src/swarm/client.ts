import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { type Answer, answered, failed, isUnknownSubtype, parsed, refusalIn, type SwarmHost } from './answer.ts'
import { readModels, type SwarmListedModel } from './wire.ts'

export interface SwarmAsk {
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
  /** From the connection to the first byte of the answer; a first manifest may take many minutes. */
  readonly headersTimeoutMs: number
}

/**
 * Another host's SwarmUI API, or an airkeep that speaks it.
 * @throws AppError forbidden (refused token), rate_limited, upstream_unavailable, cancelled
 */
export interface SwarmClient {
  /** Opens a session, where none is open: who answers one is a SwarmUI. */
  greet(ask: SwarmAsk): Promise<void>
  /**
   * The models of a subtype (`LoRA`), to be downloaded. The first time the host hashes all of them before it answers.
   * @returns undefined: a SwarmUI that hands out no models
   */
  getManifest(subtype: string, ask: SwarmAsk): Promise<readonly SwarmListedModel[] | undefined>
  /**
   * Where models are, with the digests that the host happens to know. GetModelHash would give the others, but has the
   * host rewrite the header of each file that it hashes.
   */
  listModels(subtype: string, ask: SwarmAsk): Promise<readonly SwarmListedModel[]>
}

export interface SwarmClientDeps {
  readonly fetch: GuardedFetch
  readonly host: SwarmHost
  readonly connectTimeoutMs?: number
}

/** Ten thousand models take about 6 MB. */
const MAX_LIST_BYTES = 32 * 1024 * 1024
const MAX_ANSWER_BYTES = 64 * 1024
/** As deep as SwarmUI looks. */
const MAX_DEPTH = 20

export function createSwarmClient({ fetch, host, connectTimeoutMs = 5_000 }: SwarmClientDeps): SwarmClient {
  let session: string | undefined
  let opening: Promise<string> | undefined

  async function post(path: string, fields: JsonObject, maxBytes: number, ask: SwarmAsk): Promise<Answer> {
    const { signal, trace, headersTimeoutMs } = ask
    const response = await fetch({
      url: `${host.url}${path}`,
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...host.headers },
      body: JSON.stringify(fields),
      hosts: [host.origin],
      allowPrivate: [host.origin],
      redirect: 'manual',
      maxBytes,
      connectTimeoutMs,
      headersTimeoutMs,
      signal,
      ...(trace === undefined ? {} : { trace }),
    })
    const { status } = response
    if (status >= 300 && status < 400) {
      response.discard()
      throw failed(host, `it redirects (HTTP ${status}): add it under the URL that it redirects to`)
    }
    if (status === 200) return answered(status, await response.json())
    return answered(status, parsed(await response.text(MAX_ANSWER_BYTES)))
  }

  async function newSession(ask: SwarmAsk): Promise<string> {
    const answer = await post('/API/GetNewSession', {}, MAX_ANSWER_BYTES, ask)
    const { json } = answer
    if (isJsonObject(json) && typeof json.session_id === 'string') return json.session_id
    throw refusalIn(host, answer) ?? failed(host, 'it gives no session: is it a SwarmUI?')
  }

  /** One for all calls that need it at the same time. */
  async function openSession(ask: SwarmAsk): Promise<string> {
    opening ??= newSession(ask).finally(() => {
      opening = undefined
    })
    session = await opening
    return session
  }

  /** A session ends whenever the host restarts: one renewal a call. */
  async function call(name: string, fields: JsonObject, ask: SwarmAsk): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const used = session ?? (await openSession(ask))
      const answer = await post(`/API/${name}`, { session_id: used, ...fields }, MAX_LIST_BYTES, ask)
      if (answer.errorId !== 'invalid_session_id' || attempt > 0) return answer
      // Another call may have renewed it already.
      if (session === used) session = undefined
    }
  }

  async function list(answer: Answer, field: 'models' | 'files'): Promise<readonly SwarmListedModel[]> {
    const models = await readModels(answer.json, field)
    if (models !== undefined && answer.errorId === undefined) return models
    throw refusalIn(host, answer) ?? failed(host, 'it answers no list of models')
  }

  return {
    async greet(ask) {
      if (session === undefined) await openSession(ask)
    },
    async getManifest(subtype, ask) {
      const answer = await call('GetModelManifest', { subtype, includeImages: false }, ask)
      if (answer.errorId === 'invalid_subtype') return []
      if (answer.errorId === 'bad_route' || answer.status === 404) return undefined
      return list(answer, 'models')
    },
    async listModels(subtype, ask) {
      const fields = { path: '', depth: MAX_DEPTH, subtype, sortBy: 'Name', allowRemote: false }
      const answer = await call('ListModels', fields, ask)
      return isUnknownSubtype(answer) ? [] : list(answer, 'files')
    },
  }
}

/**
 * Where the bytes of a model are; each part is one segment of the path, whatever is in it.
 * @throws AppError invalid_input for what can be no segment
 */
export function downloadPath(subtype: string, identifier: string, filename: string): string {
  const parts = [subtype, identifier, filename].map((part) => encodeURIComponent(part.toWellFormed()))
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new AppError(
      'invalid_input',
      'Cannot ask the node for the model: it is called by a name that leads elsewhere',
    )
  }
  return `/DownloadModel/${parts.join('/')}`
}
