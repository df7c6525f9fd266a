import { createAuthenticate } from '../access/authenticate.ts'
import type { Tokens } from '../access/tokens.ts'
import type { Settings } from '../config/settings.ts'
import type { EventHub } from '../events/hub.ts'
import { type Listening, listen } from '../http/listen.ts'
import { createMetrics, type Metrics } from '../http/metrics.ts'
import { watchEventLoop } from '../http/process-metrics.ts'
import { createHttpApp } from '../http/server.ts'
import { isFinal, toPublicJob } from '../jobs/job.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { VERSION } from '../lib/version.ts'
import type { Mcp, McpExtension } from '../mcp/server.ts'
import type { Operation } from '../operation/operation.ts'
import type { Models } from './models.ts'

/** What the network surfaces need. They are loaded when something listens: one-shot commands do without them. */
export interface ServingDeps {
  readonly operations: readonly Operation[]
  readonly events: EventHub
  readonly tokens: Tokens
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly models: Pick<Models, 'server' | 'swarm'>
  /** For files that are being received. */
  readonly uploadsDir: string
  readonly mcpExtension?: McpExtension | undefined
}

export interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly secret: string
}

export interface Serving {
  readonly metrics: Metrics
  readonly listening: Listening
}

/** HTTP, SSE and MCP on one port. @throws AppError as `listen` does */
export async function serve(deps: ServingDeps, { host, port, secret }: ServeOptions): Promise<Serving> {
  const { operations, events, tokens, jobs, store, models, settings, clock, log } = deps
  const started = clock.now()
  const metrics = createMetrics({ version: VERSION })
  metrics.addGauge('airkeep_jobs_running', 'Jobs that run now', () => jobs.running)
  metrics.countJobsWith(() => store.countLive())
  // Loaded with the first request to it: its SDK is the largest part of the program and of the time to start.
  let mcp: Promise<Mcp> | undefined
  const loadMcp = async (): Promise<Mcp> => {
    const { createMcpServer } = await import('./mcp-server.ts')
    return createMcpServer(deps, (operation, input, context) => operation.invoke(input, { ...context, surface: 'mcp' }))
  }
  const app = createHttpApp({
    operations,
    authenticate: createAuthenticate({ tokens, localSecret: () => secret }),
    isLive: (actor) => tokens.isLive(actor),
    events,
    async findJob(id) {
      const row = await store.find(id)
      if (row === undefined) return undefined
      const { kind, owner, status } = row
      return { kind, owner, permission: 'models:read', final: isFinal(status), data: toPublicJob(row) }
    },
    settings: { body_limit: settings.body_limit, hosts: settings.hosts, boundHost: host },
    files: { source: models.server, connections: settings.serve_connections, bandwidth: settings.serve_bandwidth },
    swarm: settings.swarm_dialect ? models.swarm : undefined,
    log,
    metrics,
    async mcp(request, actor, _signal, requestId) {
      mcp ??= loadMcp().catch((error: unknown) => {
        // The next request tries again, and stopping does not meet an old failure.
        mcp = undefined
        throw error
      })
      return (await mcp).fetch(request, actor, { requestId })
    },
    health: () => ({
      status: 'ok',
      version: VERSION,
      uptime_seconds: Math.round((clock.now() - started) / 1000),
    }),
    version: VERSION,
    uploadsDir: deps.uploadsDir,
    clock,
  })
  const listening = await listen({ host, port, app })
  const stopWatching = watchEventLoop(metrics.observeLag)
  return {
    metrics,
    listening: {
      ...listening,
      async stop(options) {
        // Calls over MCP are ended before the connections that wait for their answers.
        if (options.force) await (await mcp)?.close()
        await listening.stop(options)
        stopWatching()
        await (await mcp)?.close()
      },
    },
  }
}
