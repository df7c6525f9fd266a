import { join } from 'node:path'
import * as v from 'valibot'
import { createAuthenticate } from '../../src/access/authenticate.ts'
import { createTokens, type Tokens } from '../../src/access/tokens.ts'
import { createAudit } from '../../src/db/audit.ts'
import type { NewEvent } from '../../src/events/event.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import type { Connection } from '../../src/http/connection.ts'
import type { JobState } from '../../src/http/feed.ts'
import { type Listening, listen } from '../../src/http/listen.ts'
import { createMetrics, type Metrics } from '../../src/http/metrics.ts'
import { createHttpApp, type HttpApp, type HttpAppDeps } from '../../src/http/server.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import { defineOperation, type Operation, type OperationSpec } from '../../src/operation/operation.ts'
import type { Permission } from '../../src/operation/permission.ts'
import { openTempDb } from '../support/temp-db.ts'

export const SECRET = 'secret-of-serve-json'

export interface LogLine extends Record<string, unknown> {
  readonly level: string
  readonly message: string
}

/** The HTTP surface over a real database, with operations and jobs of the test's own. */
export interface TestApp extends AsyncDisposable {
  readonly app: HttpApp
  readonly tokens: Tokens
  readonly events: EventHub
  readonly metrics: Metrics
  readonly dir: string
  readonly uploadsDir: string
  readonly log: readonly LogLine[]
  /** Time as the app sees it. */
  readonly time: { now: number }
  /** In the process, as from this machine; Host is set unless given. */
  fetch(path: string, init?: RequestInit & { peer?: string }): Promise<Response>
  /** A token of that name; the permissions as given. */
  token(name: string, ...permissions: Permission[]): Promise<string>
  /** Changes a job and tells of it, in one transaction as the job store does. */
  change(jobId: string, change: Partial<JobState> & { readonly status: string }): Promise<void>
  /** Progress that is not stored. */
  progress(jobId: string, data: JsonObject): void
  /** A real port. */
  listen(): Promise<Listening>
}

export type TestAppOptions = {
  readonly operations?: readonly Operation[] | ((tokens: Tokens) => readonly Operation[])
} & Partial<Omit<HttpAppDeps, 'operations' | 'settings'>> & { readonly settings?: Partial<HttpAppDeps['settings']> }

export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const temp = await openTempDb()
  const time = { now: Date.UTC(2025, 0, 15) }
  const clock = { now: () => time.now }
  const lines: LogLine[] = []
  const log = collectLog(lines)
  const events = createEventHub({ db: temp.db, clock, instanceId: () => 'inst_1' })
  const tokens = createTokens({ db: temp.db, audit: createAudit(temp.db), clock, log, envToken: async () => undefined })
  const jobs = new Map<string, JobState>()
  const metrics = createMetrics({ version: '1.2.3' })
  const uploadsDir = join(temp.dir, 'uploads')
  const listening: Listening[] = []
  const app = createHttpApp({
    authenticate: createAuthenticate({ tokens, localSecret: () => SECRET }),
    isLive: tokens.isLive,
    events,
    findJob: async (jobId) => jobs.get(jobId),
    log,
    metrics,
    health: () => ({ status: 'ok', version: '1.2.3' }),
    version: '1.2.3',
    uploadsDir,
    clock,
    ...options,
    operations: typeof options.operations === 'function' ? options.operations(tokens) : (options.operations ?? []),
    settings: { body_limit: 16 * 2 ** 20, hosts: [], boundHost: '127.0.0.1', ...options.settings },
  })

  return {
    app,
    tokens,
    events,
    metrics,
    dir: temp.dir,
    uploadsDir,
    log: lines,
    time,
    fetch(path, { peer = '127.0.0.1', ...init } = {}) {
      const headers = new Headers(init.headers)
      if (!headers.has('host')) headers.set('host', '127.0.0.1:7801')
      const connection: Connection = { peer: () => peer, keepOpen() {}, upgrade: () => false }
      return app.fetch(new Request(`http://127.0.0.1:7801${path}`, { ...init, headers }), connection)
    },
    token: async (name, ...permissions) => (await tokens.create({ name, permissions, createdBy: 'local' })).token,
    async change(jobId, { status, ...change }) {
      const before = jobs.get(jobId)
      const job: JobState = {
        kind: 'import',
        owner: 'local',
        permission: 'models:read',
        final: false,
        ...before,
        ...change,
        data: { job_id: jobId, status, ...change.data },
      }
      await events.commit(async (_tx, emit) => emit(toEvent(jobId, job)))
      jobs.set(jobId, job)
    },
    progress(jobId, data) {
      const job = jobs.get(jobId)
      if (job === undefined) throw new Error(`no job ${jobId}`)
      events.progress(toEvent(jobId, { ...job, data: { ...job.data, ...data } }))
    },
    async listen() {
      const server = await listen({ host: '127.0.0.1', port: 0, app })
      listening.push(server)
      return server
    },
    async [Symbol.asyncDispose]() {
      for (const server of listening) await server.stop({ force: true })
      await temp.close()
    },
  }
}

const toEvent = (jobId: string, job: JobState): NewEvent => ({ type: 'job', jobId, ...job })

function collectLog(lines: LogLine[]): Log {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ ...fields, level, message })
  return { ...silentLog, info: at('info'), warn: at('warn'), error: at('error') }
}

/** Defaults that are valid and boring. */
export function anOperation<I extends v.GenericSchema<unknown, Record<string, unknown>>>(
  spec: Pick<OperationSpec<I, v.GenericSchema<Record<string, unknown>>>, 'name' | 'http' | 'input' | 'run'> &
    Partial<OperationSpec<I, v.GenericSchema<Record<string, unknown>>>>,
): Operation {
  return defineOperation({
    summary: `${spec.name} in one line`,
    description: `${spec.name} for an agent`,
    example: {} as v.InferInput<I>,
    effect: 'read',
    permission: 'track:read',
    output: v.record(v.string(), v.unknown()),
    ...spec,
  })
}

/** Answers with its own input. */
export function anEcho<I extends v.GenericSchema<unknown, Record<string, unknown>>>(
  name: string,
  method: 'get' | 'post' | 'patch' | 'delete',
  path: `/${string}`,
  input: I,
): Operation {
  return anOperation({ name, http: { method, path }, input, run: async (given) => given })
}
