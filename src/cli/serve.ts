import { AppError } from '../errors.ts'
import { isLoopbackAddress, isLoopbackName, parseHost } from '../lib/host.ts'
import { createSecret } from '../lib/id.ts'
import { sleep } from '../lib/retry.ts'
import { VERSION } from '../lib/version.ts'
import type { CliApp } from './app.ts'
import type { Context } from './context.ts'
import { removeServeFile, writeServeFile } from './serve-file.ts'
import { takeDataDir } from './take-data-dir.ts'

export interface ServeOptions {
  readonly host: string
  readonly port: string
  readonly models?: string[]
}

/**
 * `airkeep serve`: owns the data directory and serves it until a signal.
 * @throws AppError invalid_input; conflict where another serve has the data directory; unauthorized where anyone
 * could come
 */
export async function serve(context: Context, options: ServeOptions): Promise<number> {
  const port = parsePort(options.port)
  const { models } = options
  const { outside, globals, signal, parts } = context
  // A server's log is its own words: it is written as configured.
  const app = await parts.createApp(context.config(models === undefined ? {} : { models }))
  const { dataDir } = app.config
  await own(app, context)
  try {
    await refuseOpenDoor(app, options.host)
    await app.startJobs()
    const secret = createSecret()
    const listening = await app.listen({ host: options.host, port, secret })
    try {
      await writeServeFile(dataDir, { url: listening.url, pid: process.pid, secret, version: VERSION })
      if (globals.json) await outside.stdout.write(`${JSON.stringify({ url: listening.url, pid: process.pid })}\n`)
      else await outside.stdout.write(`airkeep listening on ${listening.url}\n`)
      await context.note(thingsToTry(listening.url, await app.hasTokens()))
      await aborted(signal)
    } finally {
      // First of all: from here on commands wait for the lock instead of asking a server that is ending.
      removeServeFile(dataDir, secret)
      await sleep(LAST_CLIENTS_MS)
      await listening.stop({ force: false })
    }
  } finally {
    await app.close()
  }
  return 0
}

/**
 * Commands that have just read serve.json still come. A connection that is closed before its request was read looks to
 * them like a lost answer, and a write is not sent twice. Without this wait 6 of 320 writes met that.
 */
const LAST_CLIENTS_MS = 100

/** Takes the data directory. @throws AppError conflict where another serve has it */
async function own(app: CliApp, context: Context): Promise<void> {
  const { dataDir } = app.config
  await takeDataDir(
    context,
    dataDir,
    () => app.open(),
    ({ pid, url }) =>
      new AppError('conflict', `airkeep serve already runs on ${dataDir} as process ${pid} at ${url}`, {
        hint: 'Every command on this data directory uses it; name another one with --data to run a second',
      }),
  )
}

/** Without a token everyone who reaches the port would have to be refused, or would be the owner. */
async function refuseOpenDoor(app: CliApp, host: string): Promise<void> {
  const name = parseHost(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)?.name
  if (isLoopbackAddress(host) || (name !== undefined && isLoopbackName(name))) return
  if (await app.hasTokens()) return
  throw new AppError('unauthorized', `Listening on ${host} needs a token, and none is configured`, {
    hint: 'Make one with airkeep token create, or set AIRKEEP_TOKEN; or listen on 127.0.0.1',
  })
}

/** @throws AppError invalid_input */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new AppError('invalid_input', '--port must be a whole number from 0 to 65535')
}

const thingsToTry = (url: string, needsToken: boolean): string =>
  [
    'Three things to try:',
    `  curl ${needsToken ? '-H "Authorization: Bearer $AIRKEEP_TOKEN" ' : ''}${url}/v1/assets`,
    '  airkeep import picture.png --models DIR',
    `  an MCP client at ${url}/mcp, or: airkeep mcp`,
  ].join('\n')

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
