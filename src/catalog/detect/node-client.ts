import { AppError, isAppError } from '../../errors.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { Trace } from '../../lib/log.ts'
import { authorization, type Greet, reasonOf, refusalOf } from '../../models/nodes/greet.ts'
import { hostOf } from '../../models/nodes/node-url.ts'
import type { NodeRow, NodeStore } from '../../models/nodes/store.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import { quoteOf } from '../../net/redact.ts'
import type { GuardedResponse } from '../../net/response.ts'
import { OWNER } from '../../operation/permission.ts'
import { escapeName } from '../ssh/remote-name.ts'
import { NodeFailure } from './node-failure.ts'

export interface NodeCall {
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
}

/** Another airkeep, known by name and held to its key. */
export interface OpenedNode {
  readonly name: string
  /**
   * The JSON that it answers, of any shape.
   * @param operation what is asked for, as its own tools call it
   * @throws NodeFailure; the signal's reason
   */
  post(path: string, operation: string, body: object, call: NodeCall): Promise<unknown>
}

/**
 * @throws AppError not_found (no node of this name), invalid_input (it speaks SwarmUI's dialect), conflict (its token
 * was sealed elsewhere); NodeFailure; the signal's reason
 */
export type OpenNode = (name: string, call: NodeCall) => Promise<OpenedNode>

export interface NodeClientDeps {
  readonly nodes: Pick<NodeStore, 'find' | 'tokenOf' | 'pin'>
  readonly greet: Greet
  readonly fetch: GuardedFetch
}

const CONNECT_MS = 10_000
/** It looks through its folders before it answers. */
const ANSWER_MS = 10 * 60_000
const MAX_BYTES = 32 * 2 ** 20
const MAX_PROBLEM_BYTES = 64 * 1024
const LONGEST_DETAIL = 300

export function createNodeClient({ nodes, greet, fetch }: NodeClientDeps): OpenNode {
  /** Who is not held to a key yet is from now on. */
  async function recognise(node: NodeRow, token: string | undefined, call: NodeCall): Promise<void> {
    try {
      const { publicKey } = await greet({ ...node, token, publicKey: node.publicKey ?? undefined }, call)
      if (publicKey !== undefined && node.publicKey === null) await nodes.pin(node.name, publicKey, OWNER.name)
    } catch (error) {
      call.signal.throwIfAborted()
      if (!isAppError(error) || error.code === 'internal') throw error
      throw new NodeFailure('node_changed', node.name, reasonOf(error), { hint: error.hint, cause: error })
    }
  }

  return async (name, call) => {
    const node = await nodes.find(name)
    if (node === undefined) {
      throw new AppError('not_found', `There is no node named ${escapeName(name)}`, {
        hint: 'list_nodes shows the nodes there are',
      })
    }
    if (node.dialect !== 'airkeep') {
      throw new AppError('invalid_input', `The node ${name} speaks SwarmUI's dialect, which knows no catalogs`, {
        hint: 'Run airkeep on that host and add it under another name, or look at it by ssh',
      })
    }
    const token = await nodes.tokenOf(node)
    await recognise(node, token, call)
    const host = hostOf(node.url)
    return {
      name,
      async post(path, operation, body, { signal, trace }) {
        try {
          const response = await fetch({
            method: 'POST',
            url: `${node.url}${path}`,
            headers: {
              accept: 'application/json',
              'content-type': 'application/json',
              ...authorization({ dialect: node.dialect, token }),
            },
            body: JSON.stringify(body),
            // The owner named it: it may be anywhere, but nothing that it says leads anywhere else.
            hosts: [host],
            allowPrivate: [host],
            redirect: 'manual',
            maxBytes: MAX_BYTES,
            connectTimeoutMs: CONNECT_MS,
            headersTimeoutMs: ANSWER_MS,
            signal,
            ...(trace === undefined ? {} : { trace }),
          })
          if (response.status < 300) return await response.json().catch(orUnusable(name, signal))
          throw await failureOf(response, { name, operation, namesHome: 'ui_home' in body })
        } catch (error) {
          signal.throwIfAborted()
          if (!isAppError(error) || error instanceof NodeFailure || error.code === 'internal') throw error
          throw new NodeFailure('node_unreachable', name, reasonOf(error), { cause: error })
        }
      },
    }
  }
}

const orUnusable = (name: string, signal: AbortSignal) => (error: unknown) => {
  signal.throwIfAborted()
  const isTooMuch = isAppError(error) && error.code === 'payload_too_large'
  const reason = isTooMuch ? 'its answer is too large' : 'its answer broke off or is no JSON'
  throw new NodeFailure('node_unusable', name, reason, { cause: error })
}

interface Asked {
  /** The node. */
  readonly name: string
  readonly operation: string
  /** It was told in which home to look. */
  readonly namesHome: boolean
}

async function failureOf(response: GuardedResponse, { name, operation, namesHome }: Asked): Promise<NodeFailure> {
  const { status } = response
  const { detail: said, hint } = await problemOf(response)
  const add = (reason: string): string => (said === undefined ? reason : `${reason}: ${said}`)
  // What an airkeep says of a folder that the token may not name: another token would not help.
  if (status === 403 && namesHome && hint?.includes('AIRKEEP_ALLOW_READ') === true) {
    return new NodeFailure('node_declined', name, add('it does not look in that ui_home'), {
      hint: 'Leave ui_home out, name one of that host, or have its owner open the folder there with AIRKEEP_ALLOW_READ',
    })
  }
  if (status === 404 && namesHome && said?.endsWith('does not exist') === true) {
    return new NodeFailure('node_declined', name, add('it has no such ui_home'), {
      hint: 'Leave ui_home out, or name one of that host',
    })
  }
  if (status === 401 || status === 403) {
    return new NodeFailure('node_refused', name, add(refusalOf(status)), {
      hint: `Add it again with a token of that host that may call ${operation}`,
    })
  }
  if (status === 404 || status === 405) {
    return new NodeFailure('node_unsupported', name, `it does not know ${operation} (HTTP ${status})`, {
      hint: 'Install a newer airkeep there',
    })
  }
  if (status === 400 || status === 413) return new NodeFailure('node_declined', name, add(`it answers HTTP ${status}`))
  return new NodeFailure('node_unreachable', name, add(refusalOf(status)))
}

/** What its problem document says: a stranger's words, each on one line. */
async function problemOf(response: GuardedResponse): Promise<{ readonly detail?: string; readonly hint?: string }> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) {
    response.discard()
    return {}
  }
  const problem = await response.json(MAX_PROBLEM_BYTES).catch(() => undefined)
  if (!isJsonObject(problem)) return {}
  const [detail, hint] = [problem.detail, problem.hint].map((said) => quoteOf(said, LONGEST_DETAIL))
  return { ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) }
}
