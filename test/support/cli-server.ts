import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listening, ListenOptions } from '../../src/cli/app.ts'
import { AppError, toProblem } from '../../src/errors.ts'
import type { AppEvent } from '../../src/events/event.ts'
import type { EventHub } from '../../src/events/hub.ts'
import { createId } from '../../src/lib/id.ts'
import { coerceStrings } from '../../src/operation/coerce.ts'
import type { Call, Operation, Upload } from '../../src/operation/operation.ts'
import { OWNER } from '../../src/operation/permission.ts'

export interface CliServerDeps {
  readonly operations: readonly Operation[]
  readonly events: EventHub
  /** Bearer tokens that count besides the secret. */
  readonly tokens: readonly string[]
  /** Called when a client has begun to follow. */
  onStream(): void
}

/** The routes of the operations and the stream of events, as the contract has them, on node:http. */
export async function listenForCli(deps: CliServerDeps, options: ListenOptions): Promise<Listening> {
  const closing = new AbortController()
  const server: Server = createServer((request, response) => {
    answer(deps, options.secret, request, response, closing.signal).catch((error: unknown) => {
      const problem = toProblem(error)
      response.writeHead(problem.status, { 'content-type': 'application/problem+json' })
      response.end(JSON.stringify(problem))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new AppError('conflict', `Port ${options.port} is taken`, { cause })))
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host}:${port}`,
    async stop({ force }) {
      closing.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      if (force) server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  deps: CliServerDeps,
  secret: string,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://host')
  const json = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (url.pathname === '/health') return json(200, { status: 'ok' })
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token !== secret && !deps.tokens.includes(token ?? '')) throw new AppError('unauthorized', 'A token is needed')
  if (url.pathname === '/v1/events') return stream(deps, url, request, response, closing)

  for (const operation of deps.operations) {
    const names: string[] = []
    const pattern = operation.http.path.replace(/\{(\w+)\}/g, (_, name: string) => {
      names.push(name)
      return '([^/]+)'
    })
    const match = new RegExp(`^${pattern}$`).exec(url.pathname)
    if (match === null || operation.http.method.toUpperCase() !== request.method) continue
    const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1] ?? '')]))
    const { input, upload } = await readInput(operation, url, request)
    const controller = new AbortController()
    response.once('close', () => controller.abort())
    const call: Call = {
      // Not `closing`: requests that run may end.
      signal: controller.signal,
      requestId: createId('req'),
      surface: 'http',
      actor: OWNER,
      progress() {},
      ...(upload === undefined ? {} : { upload }),
    }
    const output = await operation.invoke({ ...input, ...params }, call)
    return json(operation.http.status(output), output)
  }
  throw new AppError('not_found', `There is no route ${request.method} ${url.pathname}`)
}

async function readInput(
  operation: Operation,
  url: URL,
  request: IncomingMessage,
): Promise<{ input: Record<string, unknown>; upload?: Upload }> {
  if (request.method === 'GET' || request.method === 'DELETE') {
    const fields: Record<string, string | string[]> = {}
    for (const key of new Set(url.searchParams.keys())) {
      const all = url.searchParams.getAll(key)
      fields[key] = all.length === 1 ? (all[0] ?? '') : all
    }
    return { input: coerceStrings(fields, operation.inputJsonSchema()) }
  }
  const pieces: Uint8Array[] = []
  for await (const chunk of request) pieces.push(chunk as Uint8Array)
  const body = Buffer.concat(pieces)
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('application/json')) return { input: JSON.parse(body.toString()) }
  if (!type.startsWith('multipart/form-data')) throw new AppError('unsupported_media_type', 'Send JSON or multipart')
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  const fields: Record<string, string> = {}
  let upload: Upload | undefined
  for (const [name, value] of form.entries()) {
    if (typeof value === 'string') fields[name] = value
    else {
      const folder = mkdtempSync(join(tmpdir(), 'airkeep-upload-'))
      const path = join(folder, 'upload')
      writeFileSync(path, Buffer.from(await value.arrayBuffer()))
      request.once('close', () => rmSync(folder, { recursive: true, force: true }))
      upload = { path, filename: value.name, sizeBytes: value.size }
    }
  }
  const input = coerceStrings(fields, operation.inputJsonSchema())
  return upload === undefined ? { input } : { input, upload }
}

async function stream(
  { events, onStream }: CliServerDeps,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const jobId = url.searchParams.get('job_id') ?? ''
  const after = Number(request.headers['last-event-id'] ?? 0)
  const stored = await events.replay(0, { jobId }, 1000)
  if (stored.length === 0) throw new AppError('not_found', 'Record not found')
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(': hello\n\n')
  const send = (event: Pick<AppEvent, 'id' | 'data' | 'final'>): void => {
    const id = event.id === undefined ? '' : `id: ${event.id}\n`
    response.write(`event: job\n${id}data: ${JSON.stringify(event.data)}\n\n`)
    if (event.final) response.end()
  }
  const stop = events.subscribe((event) => {
    if (event.jobId === jobId) send(event)
  })
  closing.addEventListener('abort', () => response.end())
  response.once('close', stop)
  // A job that goes on has an end in the middle of its events.
  for (const [at, event] of stored.entries()) {
    const isLast = at === stored.length - 1
    if (event.id > after || (event.final && isLast)) send({ ...event, final: event.final && isLast })
  }
  onStream()
}
