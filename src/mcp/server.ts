import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type CacheHint,
  createMcpHandler,
  McpServer,
  type McpServerFactory,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import { type Clock, systemClock } from '../lib/clock.ts'
import { createId } from '../lib/id.ts'
import type { Log, Trace } from '../lib/log.ts'
import type { Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { type CallDeps, type Caller, callTool, type Invoke } from './call.ts'
import { withPatience } from './patience.ts'
import { type McpPrompt, type McpResource, registerPrompts, registerResources } from './prompts.ts'
import { type StdioOptions, serveStdio } from './stdio.ts'
import { registerTools, toTools } from './tools.ts'

/** Bun cuts a connection that is silent for 10 s, proxies often after 30. */
const KEEP_ALIVE_MS = 5000

/** Lists and texts change with the executable alone. */
const STATIC: CacheHint = { ttlMs: 300_000, cacheScope: 'private' }

/** 2025 clients may also set a log level: it is taken, though nothing is logged to them. 2026 has no such request. */
const CAPABILITIES = {
  tools: { listChanged: false },
  prompts: { listChanged: false },
  resources: { listChanged: false },
} as const

const MEBIBYTE = 1024 * 1024

/** More than the operations, for test builds; the product has nothing of it. */
export interface McpExtension {
  readonly options?: Pick<ServerOptions, 'requestState'>
  /** On every server that is about to serve one client or request. */
  register(server: McpServer, era: 'legacy' | 'modern'): void
}

export interface McpDeps {
  /** All operations; those without the surface `mcp` are left out here. */
  readonly operations: readonly Operation[]
  readonly prompts: readonly McpPrompt[]
  readonly resources?: readonly McpResource[]
  /** What a client tells its model of this server before the first call. */
  readonly instructions?: string
  readonly invoke: Invoke
  readonly version: string
  readonly log: Log
  readonly clock?: Clock
  /** Largest message; 16 MiB by default. */
  readonly bodyLimitBytes?: number
  readonly extension?: McpExtension | undefined
  /** How long a call may be silent over HTTP before its stream is opened; 1000 by default. */
  readonly patienceMs?: number
}

export interface Mcp {
  /**
   * Answers `ALL /mcp` (Streamable HTTP): protocol 2026-07-28, and the 2025 revisions without sessions. Host, Origin
   * and credentials are checked before; the caller lifts the connection's idle timeout.
   */
  fetch(request: Request, actor: Actor, options?: { readonly requestId?: string }): Promise<Response>
  /** Serves one client over stdio; settles when it is gone. `invoke` replaces the one of {@link McpDeps}. */
  serveStdio(actor: Actor, options?: StdioOptions & { readonly invoke?: Invoke }): Promise<void>
  /** Cancels what runs, lets it answer, and ends open subscriptions; `fetch` must not be called afterwards. */
  close(): Promise<void>
}

/** Tools, prompts and resources over both transports, from the one list of operations. */
export function createMcp(deps: McpDeps): Mcp {
  const { prompts, resources = [], invoke, version, log, clock = systemClock } = deps
  const { bodyLimitBytes = 16 * MEBIBYTE, patienceMs = 1000 } = deps
  const tools = toTools(deps.operations)
  const running = new Set<Promise<unknown>>()
  const closing = new AbortController()
  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.allSettled(running)
  }
  const options: ServerOptions = {
    ...(deps.instructions === undefined ? {} : { instructions: deps.instructions }),
    ...deps.extension?.options,
    cacheHints: {
      'tools/list': STATIC,
      'prompts/list': STATIC,
      'resources/list': STATIC,
      'resources/templates/list': STATIC,
      'resources/read': STATIC,
      'server/discover': STATIC,
    },
  }

  function createServer(era: 'legacy' | 'modern', invokeWith: Invoke, caller: () => Caller): McpServer {
    const capabilities = era === 'legacy' ? { ...CAPABILITIES, logging: {} } : CAPABILITIES
    const server = new McpServer({ name: 'airkeep', title: 'airkeep', version }, { ...options, capabilities })
    const callDeps: CallDeps = { clock, log, invoke: invokeWith, closing: closing.signal }
    registerTools(server, tools, async (tool, input, context) => {
      const call = callTool(callDeps, tool, input, context, caller())
      running.add(call)
      try {
        return await call
      } finally {
        running.delete(call)
      }
    })
    registerPrompts(server, prompts)
    registerResources(server, resources)
    deps.extension?.register(server, era)
    return server
  }

  // The SDK hands `authInfo` through untouched: the one way to tell the factory who calls.
  const httpFactory: McpServerFactory = ({ era, authInfo }) => {
    const caller = authInfo?.extra?.caller
    if (caller === undefined) throw new Error('The MCP handler was called without a caller')
    return createServer(era, invoke, () => caller as Caller)
  }

  // The SDK tells of a bad message without saying in which request it came.
  const serving = new AsyncLocalStorage<Trace>()
  const handler = createMcpHandler(httpFactory, {
    keepAliveMs: KEEP_ALIVE_MS,
    maxRequestBodySize: bodyLimitBytes,
    onerror: (err) => log.debug({ ...serving.getStore(), err }, 'MCP request refused'),
  })

  return {
    fetch(request, actor, { requestId = createId('req') } = {}) {
      const caller: Caller = { actor, requestId }
      const authInfo = { token: '', clientId: actor.name, scopes: [], extra: { caller } }
      const answer = serving.run({ request_id: requestId }, () => handler.fetch(request, { authInfo }))
      return withPatience(answer, { patienceMs, keepAliveMs: KEEP_ALIVE_MS })
    },
    serveStdio(actor, { invoke: invokeWith = invoke, ...stdioOptions } = {}) {
      const caller = (): Caller => ({ actor, requestId: createId('req') })
      const factory: McpServerFactory = ({ era }) => createServer(era, invokeWith, caller)
      return serveStdio(factory, { log, maxMessageBytes: bodyLimitBytes, idle }, stdioOptions)
    },
    async close() {
      closing.abort()
      await idle()
      // What is done has yet to be written.
      await nextTurn()
      await handler.close()
    },
  }
}
