import { PassThrough, type Readable, Writable } from 'node:stream'
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
  const output = createOutput(stdout)
  const stopped = whenAborted(signal)
  const ended = new Promise<void>((resolve) => {
    const limits = { maxBufferSize: deps.maxMessageBytes }
    const handle = serveSdk(factory, {
      transport: new EndingTransport(input, output, limits, resolve),
      onerror: (err) => deps.log.debug({ err }, 'MCP message refused'),
    })
    void stopped.then(() => handle.close())
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
  output.end()
  // A reader may be slow, unless it is told to stop.
  await Promise.race([finished(output).catch(() => {}), stopped.then(grace)])
  restore()
}

const whenAborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })

/**
 * Writes one message after another, each when the one before has left the process, so that its end is the end of all.
 * Bun's process.stdout cannot be asked (1.4.5, a pipe that is full): its writableLength stays 0 and an empty write is
 * called done at once.
 */
function createOutput(stdout: Writable): Writable {
  const output = new Writable({ write: (chunk, encoding, done) => void stdout.write(chunk, encoding, done) })
  stdout.on('error', (error) => output.destroy(error))
  stdout.on('close', () => output.destroy(new Error('stdout was closed')))
  return output
}

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
