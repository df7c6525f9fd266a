import { PassThrough, type Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as after, setImmediate as nextTurn } from 'node:timers/promises'
import type { McpServerFactory } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio as serveSdk } from '@modelcontextprotocol/server/stdio'
import type { Log } from '../lib/log.ts'

/** Clients wait 2 s after they closed stdin, then send a signal. */
const GRACE_MS = 1000

export interface StdioOptions {
  /** Where the client's messages come from; the process's stdin by default. */
  readonly stdin?: Readable
  /** Where answers go; the process's stdout by default, and then whatever else prints goes to stderr. */
  readonly stdout?: Writable
  /** Ends the connection at once. */
  readonly signal?: AbortSignal
  /** How long calls may still run once stdin is closed; 1000 by default. */
  readonly graceMs?: number
}

export interface StdioDeps {
  readonly log: Log
  /** A longer message ends the connection. */
  readonly maxMessageBytes: number
  /** Settles when no call runs. */
  idle(): Promise<void>
}

/**
 * Serves one client over stdio; settles when the connection has ended: stdin closed (calls that run get
 * `graceMs` to answer, then their signal), stdout broken, a message too long, or the signal given.
 */
export async function serveStdio(factory: McpServerFactory, deps: StdioDeps, options: StdioOptions): Promise<void> {
  const { stdin = process.stdin, stdout = process.stdout, signal, graceMs = GRACE_MS } = options
  const grace = (): Promise<void> => after(graceMs, undefined, { ref: false })
  const restore = options.stdout === undefined ? printToStderr() : () => {}
  // Between stdin and the SDK, which drops the calls that run at the moment its input ends.
  const input = new PassThrough()
  const ended = new Promise<void>((resolve) => {
    const limits = { maxBufferSize: deps.maxMessageBytes }
    const transport = new EndingTransport(input, stdout, limits, resolve)
    const handle = serveSdk(factory, {
      transport,
      onerror: (err) => deps.log.debug({ err }, 'MCP message refused'),
    })
    const end = (): void => void handle.close()
    if (signal?.aborted === true) end()
    else signal?.addEventListener('abort', end, { once: true })
  })

  stdin.pipe(input, { end: false })
  const inputEnds = async (): Promise<void> => {
    await finished(stdin, { writable: false }).catch(() => {})
    await nextTurn()
    await Promise.race([deps.idle(), grace()])
    // A call that is done has yet to be written.
    await nextTurn()
    input.end()
  }
  void inputEnds()

  await ended
  stdin.unpipe(input)
  stdin.pause()
  await Promise.race([deps.idle(), grace()])
  await written(stdout)
  restore()
}

/** What was written before has left the process, or its reader is gone. */
const written = (stdout: Writable): Promise<void> =>
  new Promise((resolve) => (stdout.writable ? stdout.write('', () => resolve()) : resolve()))

/** The SDK tells its own server when a connection ends, but no one else. */
class EndingTransport extends StdioServerTransport {
  readonly #ended: () => void

  constructor(stdin: Readable, stdout: Writable, limits: { maxBufferSize: number }, ended: () => void) {
    super(stdin, stdout, limits)
    this.#ended = ended
  }

  override async close(): Promise<void> {
    await super.close()
    this.#ended()
  }
}

/** stdout belongs to the protocol: a library that prints would break it. */
function printToStderr(): () => void {
  const printer = globalThis.console
  const { log, info, debug } = printer
  Object.assign(printer, { log: printer.error, info: printer.error, debug: printer.error })
  return () => void Object.assign(printer, { log, info, debug })
}
