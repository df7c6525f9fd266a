import * as v from 'valibot'
import { type Listening, type ListenOptions, listen } from '../../src/http/listen.ts'
import { aModelSource, type TestModels } from './files/model-source.ts'
import { aSlowOperation, type Slow } from './slow-operation.ts'
import { aSwarmSource } from './swarm/fixed-source.ts'
import { anOperation, startApp, type TestApp } from './test-app.ts'

export interface WorldOptions {
  /** What `slow` is, at `/v1/<name>`; a GET that reads by default. */
  readonly slow?: { readonly name?: string; readonly method?: 'get' | 'post'; readonly effect?: 'read' | 'write' }
  readonly bodyLimitBytes?: number
  readonly heartbeatMs?: number
  readonly bodySilenceMs?: number
  readonly files?: TestModels
}

/** A served test app, of which everything can be asked from another process too. */
export interface World extends AsyncDisposable, Pick<TestApp, 'change' | 'progress' | 'token'> {
  listen(options?: Partial<Omit<ListenOptions, 'app'>>): Promise<Listening>
  readonly metrics: { text(): Promise<string> }
  readonly tokens: { revoke(name: string, revokedBy: string): Promise<unknown> }
  readonly slow: Slow & { wasAborted(): Promise<boolean> }
  /** Process that serves. */
  readonly pid: number
  /** What was received stands here while its call lasts. */
  readonly uploadsDir: string
}

/** `POST /v1/take`: how long the text in its body is. */
const take = anOperation({
  name: 'take',
  http: { method: 'post', path: '/v1/take' },
  input: v.strictObject({ text: v.string() }),
  run: async ({ text }) => ({ length: text.length }),
})

/** `POST /v1/store`: how long the uploaded file is. */
const store = anOperation({
  name: 'store',
  http: { method: 'post', path: '/v1/store', upload: 'file' },
  input: v.strictObject({}),
  run: async (_input, { upload }) => ({ size_bytes: upload?.sizeBytes ?? 0 }),
})

/** `GET /v1/large`: an answer of 8 MB. */
const large = anOperation({
  name: 'large',
  http: { method: 'get', path: '/v1/large' },
  input: v.strictObject({}),
  run: async () => ({ text: 'x'.repeat(8_000_000) }),
})

/** In this process, whichever runtime it is. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { slow: how = {}, bodyLimitBytes, heartbeatMs, bodySilenceMs, files } = options
  const slow = aSlowOperation(how.name ?? 'slow', how.method ?? 'get', how.effect ?? 'read')
  const app = await startApp({
    operations: [slow.operation, take, store, large],
    ...(bodyLimitBytes === undefined ? {} : { settings: { body_limit: bodyLimitBytes } }),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(bodySilenceMs === undefined ? {} : { bodySilenceMs }),
    ...(files === undefined ? {} : { files: aModelSource(files), swarm: aSwarmSource(files) }),
  })
  const servers: Listening[] = []
  return {
    change: app.change,
    progress: app.progress,
    token: app.token,
    metrics: app.metrics,
    tokens: app.tokens,
    slow: { ...slow, wasAborted: async () => slow.wasAborted() },
    pid: process.pid,
    uploadsDir: app.uploadsDir,
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      const server = await listen({ host, port, app: app.app })
      servers.push(server)
      return server
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.stop({ force: true })
      await app[Symbol.asyncDispose]()
    },
  }
}
