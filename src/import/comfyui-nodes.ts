import { AppError, toAppError } from '../errors.ts'
import { orAborted } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { ImportWarning } from './dependency.ts'
import type { NodeCatalogData } from './parse/comfyui/object-info.ts'

/** What the ComfyUI of this host says of its nodes. */
export interface ComfyNodes {
  /**
   * Its nodes; undefined where no ComfyUI is set, or where it does not tell. Asked again after a while, and by one
   * request however many wait for it.
   * @throws the signal's reason
   */
  get(signal: AbortSignal): Promise<NodeCatalogData | undefined>
  /** What to say of the last answer; undefined where there is nothing to say. */
  warning(): ImportWarning | undefined
}

export interface ComfyNodesDeps {
  readonly fetch: GuardedFetch
  /** Address of a ComfyUI; empty where there is none. */
  readonly url: string
  readonly log: Log
  readonly clock: Clock
  /** Makes an answer short, elsewhere than on the event loop. */
  readonly parse: (text: string) => Promise<NodeCatalogData>
  /** @default 5 s, from the first byte sent to the last one read */
  readonly timeLimitMs?: number
  /** @default 64 MiB */
  readonly maxBytes?: number
}

/** Nodes of a running ComfyUI stay the same until it is started again. */
const FRESH_MS = 5 * 60_000
const FAILED_MS = 30_000
const TIME_LIMIT_MS = 5000
/** A thousand nodes and as many model files are about 10 MB: each loader lists all of them. */
const MAX_BYTES = 64 * 2 ** 20

const PLACE = 'comfyui:object_info'
const UNKNOWN = 'ComfyUI could not be asked; its nodes are not known'
const OLD = 'ComfyUI could not be asked; its nodes are taken to be as they were before'

export function createComfyNodes(deps: ComfyNodesDeps): ComfyNodes {
  const { url, log, clock } = deps
  let nodes: NodeCatalogData | undefined
  let failed = false
  let askAgainAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    try {
      nodes = await deps.parse(await askComfy(deps))
      failed = false
    } catch (error) {
      failed = true
      // Whoever imports at a terminal reads this: one line, without the stack.
      log.warn({ url, reason: toAppError(error).message }, 'ComfyUI did not say which nodes it has')
      log.debug({ url, err: error }, 'Why ComfyUI did not say which nodes it has')
    }
    askAgainAt = clock.now() + (failed ? FAILED_MS : FRESH_MS)
  }

  return {
    async get(signal) {
      signal.throwIfAborted()
      if (url === '') return undefined
      if (asking === undefined && clock.now() >= askAgainAt) {
        asking = ask().finally(() => {
          asking = undefined
        })
      }
      // Whoever cancels stops waiting; the request goes on for the others, and for the next.
      if (asking !== undefined) await orAborted(asking, signal)
      return nodes
    },
    warning: () => (failed ? { place: PLACE, reason: nodes === undefined ? UNKNOWN : OLD } : undefined),
  }
}

/** The text of `GET /object_info`. The owner names the ComfyUI, so its address may be private. */
async function askComfy(deps: ComfyNodesDeps): Promise<string> {
  const { fetch, url, timeLimitMs = TIME_LIMIT_MS, maxBytes = MAX_BYTES } = deps
  const address = new URL(`${url.replace(/\/{1,20}$/, '')}/object_info`)
  const limit = new AbortController()
  // A timer of AbortSignal.timeout does not keep Node from ending where nothing else does.
  const timer = setTimeout(() => limit.abort(unavailable('It did not answer in time')), timeLimitMs)
  try {
    return await orAborted(readText(fetch, address, maxBytes, limit.signal), limit.signal)
  } finally {
    clearTimeout(timer)
  }
}

async function readText(
  fetch: GuardedFetch,
  { href, host }: URL,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch({ url: href, signal, hosts: [host], allowPrivate: [host], maxBytes })
  if (response.status === 200) return response.text()
  response.discard()
  throw unavailable(`It answered with status ${response.status}`)
}

const unavailable = (message: string): AppError => new AppError('upstream_unavailable', message)
