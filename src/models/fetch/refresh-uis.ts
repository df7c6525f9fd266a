import { AppError, toAppError } from '../../errors.ts'
import { orAborted } from '../../lib/abort.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { Log } from '../../lib/log.ts'
import { sleep } from '../../lib/retry.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import { readUrl } from '../../net/target.ts'
import type { ModelType } from '../model-file.ts'

/** Tells running UIs to look at their folders again. ComfyUI needs none: it lists them whenever a node is shown. */
export interface UiRefresher {
  /**
   * Once for all that ask within a moment; resolves when the UIs have answered, or do not in time. What does not work is
   * in the log: the file is there all the same.
   * @throws the signal's reason
   */
  refresh(type: ModelType, signal: AbortSignal): Promise<void>
}

export interface UiRefresherDeps {
  readonly fetch: GuardedFetch
  /** Settings; empty: none. Name and password of `--api-auth` may stand in the first. */
  readonly a1111Url: string
  readonly swarmUrl: string
  readonly log: Log
  /** Until the downloads that end together have ended. */
  readonly gather?: () => Promise<void>
  readonly timeoutMs?: number
}

/** What A1111 and Forge list again; controlnet and upscalers they only do by hand or when they start. */
const A1111_LISTS: Partial<Record<ModelType, string>> = {
  checkpoint: 'refresh-checkpoints',
  diffusion_model: 'refresh-checkpoints',
  lora: 'refresh-loras',
  vae: 'refresh-vae',
  // Forge lists both in one menu.
  text_encoder: 'refresh-vae',
  embedding: 'refresh-embeddings',
}

const GATHER_MS = 300
const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

export function createUiRefresher(deps: UiRefresherDeps): UiRefresher {
  const { a1111Url, swarmUrl, log, gather = () => sleep(GATHER_MS), timeoutMs = TIMEOUT_MS } = deps
  let waiting: { readonly types: Set<ModelType>; readonly done: Promise<void> } | undefined

  async function tell(types: ReadonlySet<ModelType>): Promise<void> {
    const lists = new Set([...types].flatMap((type) => A1111_LISTS[type] ?? []))
    await Promise.all([
      ...(a1111Url === '' ? [] : [...lists].map((list) => attempt('A1111', (signal) => refreshA1111(list, signal)))),
      ...(swarmUrl === '' ? [] : [attempt('SwarmUI', refreshSwarm)]),
    ])
  }

  async function attempt(ui: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController()
    const late = new AppError('upstream_unavailable', `It did not answer within ${timeoutMs} ms`)
    const timer = setTimeout(() => abort.abort(late), timeoutMs)
    try {
      await work(abort.signal)
    } catch (error) {
      const { code, message } = abort.signal.aborted ? late : toAppError(error)
      log.warn({ ui, code, reason: message }, 'Could not tell a UI to look for new models')
    } finally {
      clearTimeout(timer)
    }
  }

  async function refreshA1111(list: string, signal: AbortSignal): Promise<void> {
    await post(deps.fetch, a1111Url, `/sdapi/v1/${list}`, {}, signal)
  }

  async function refreshSwarm(signal: AbortSignal): Promise<void> {
    const session = await post(deps.fetch, swarmUrl, '/API/GetNewSession', {}, signal)
    if (!isJsonObject(session) || typeof session.session_id !== 'string') {
      throw new AppError('upstream_unavailable', 'It gives no session: is it a SwarmUI?')
    }
    await post(deps.fetch, swarmUrl, '/API/TriggerRefresh', { session_id: session.session_id, strong: true }, signal)
  }

  return {
    async refresh(type, signal) {
      if (a1111Url === '' && swarmUrl === '') return
      if (waiting === undefined) {
        const types = new Set<ModelType>()
        const done = gather().then(() => {
          // Who comes from now on may have a file that is not seen by this one.
          waiting = undefined
          return tell(types)
        })
        waiting = { types, done }
      }
      waiting.types.add(type)
      await orAborted(waiting.done, signal)
    },
  }
}

/** @returns the answer, where it is JSON */
async function post(
  fetch: GuardedFetch,
  base: string,
  path: string,
  fields: JsonObject,
  signal: AbortSignal,
): Promise<unknown> {
  const url = readUrl(`${base.replace(/\/+$/, '')}${path}`)
  if (url === undefined) throw new AppError('invalid_input', 'Its address is no URL')
  const login =
    url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  const response = await fetch({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    },
    body: JSON.stringify(fields),
    // The owner set it up: it may be a private address.
    hosts: [url.host],
    allowPrivate: [url.host],
    redirect: 'manual',
    connectTimeoutMs: 2_000,
    signal,
  })
  if (response.status !== 200) {
    response.discard()
    throw new AppError('upstream_unavailable', `It answered with status ${response.status}`)
  }
  if (path !== '/API/GetNewSession') {
    response.discard()
    return undefined
  }
  return response.json(MAX_ANSWER_BYTES)
}
