import { AppError } from '../errors.ts'
import { sleep } from '../lib/retry.ts'
import type { CliApp } from './app.ts'
import type { Backend } from './backend.ts'
import { createOwnBackend } from './own-backend.ts'
import { createRemoteBackend } from './remote-backend.ts'
import { sendRequest } from './request.ts'
import { isAlive, readServeFile, type ServeFile } from './serve-file.ts'

export interface ConnectDeps {
  readonly app: CliApp
  readonly signal: AbortSignal
  /** Told once, when another command has held the data directory for a while. */
  readonly onWait: () => void
}

const POLL_MS = 10
const POLL_JITTER_MS = 30
const TELL_AFTER_MS = 2_000
/** A `serve` on this host answers /health at once; one that does not is asked again. */
const HEALTH_MS = 1_000

/**
 * The running `serve` of the data directory, or this process as its owner; waits while another command is that.
 * @throws the signal's reason; what `app.open` throws
 */
export async function connect(deps: ConnectDeps): Promise<Backend> {
  const { app, signal } = deps
  const { dataDir } = app.config
  return whileBusy(deps, async () => {
    const running = await findRunningServe(dataDir, signal)
    if (running !== undefined) {
      return createRemoteBackend({ where: { kind: 'serve', url: running.url }, token: running.secret })
    }
    return (await app.open()) === 'opened' ? createOwnBackend(app) : undefined
  })
}

/** Asks again and again, with a little chance in between, until there is an answer. */
export async function whileBusy<T>(
  { signal, onWait }: Pick<ConnectDeps, 'signal' | 'onWait'>,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const began = Date.now()
  let told = false
  for (;;) {
    signal.throwIfAborted()
    const result = await attempt()
    if (result !== undefined) return result
    if (!told && Date.now() - began >= TELL_AFTER_MS) {
      told = true
      onWait()
    }
    await sleep(POLL_MS + Math.random() * POLL_JITTER_MS, signal)
  }
}

/** The `serve` that serve.json names, if its process lives and answers, well or not. */
export async function findRunningServe(dataDir: string, signal: AbortSignal): Promise<ServeFile | undefined> {
  const file = await readServeFile(dataDir)
  if (file === undefined || !isAlive(file.pid)) return undefined
  try {
    const { body } = await sendRequest(new URL('/health', file.url), {
      method: 'GET',
      headers: {},
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]),
    })
    for await (const _ of body) {
      // Read to its end, so that the connection closes in good order.
    }
    return file
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** The server at `--server`. */
export function connectTo(url: string, token: string): Backend {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new AppError('invalid_input', '--server must be an http or https URL such as http://host:7801')
  }
  return createRemoteBackend({ where: { kind: 'server', url }, token })
}
