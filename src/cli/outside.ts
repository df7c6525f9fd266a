import { readFileSync } from 'node:fs'
import { AppError } from '../errors.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import { createAskLine } from './ask-line.ts'
import { askSecret } from './ask-secret.ts'

/** Signals that end a command, which counts as cancelled. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
export type EndSignal = (typeof SIGNALS)[number]

export interface Output {
  readonly isTerminal: boolean
  /** Characters in a line of the terminal; undefined elsewhere. */
  readonly columns: number | undefined
  /** Lines of the terminal, where it says so. */
  readonly rows?: number | undefined
  /** @throws BrokenPipe when the reader is gone; AppError disk_full, internal when it cannot be written */
  write(text: string): Promise<void>
}

/** The process around a command; tests give another one. */
export interface Outside {
  /** Without the program's own name. */
  readonly argv: readonly string[]
  /** How this program is started: its path, absolute, and where it runs from source the file that runs. */
  readonly executable: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdout: Output
  readonly stderr: Output
  readonly stdinIsTerminal: boolean
  stdin(): AsyncIterable<Uint8Array>
  /** Asks on the terminal; what is typed is not shown. @throws AppError cancelled; the signal's reason */
  askSecret(question: string, signal: AbortSignal): Promise<string>
  /** Asks on the terminal; undefined where the input is at its end. @throws the signal's reason */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>
  /** Calls `listener` for each signal until the answer is called. */
  onSignal(listener: (signal: EndSignal) => void): () => void
  /** Ends the process at once. */
  exit(code: number): never
}

/** Whoever read stdout has closed it (`| head`): the command ends without a word. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe'
}

export function createOutside(self: NodeJS.Process): Outside {
  const askLine = onFirstUse(() => createAskLine(self))
  return {
    argv: self.argv.slice(2),
    executable: executableOf(self),
    env: self.env,
    cwd: self.cwd(),
    stdout: createOutput(self.stdout),
    stderr: createOutput(self.stderr),
    // Asked for when it matters: with the stream comes much of the runtime, and few commands read it.
    get stdinIsTerminal() {
      return self.stdin.isTTY === true
    },
    stdin: () => self.stdin,
    askSecret: (question, signal) => askSecret(self, question, signal),
    ask: (question, signal) => askLine()(question, signal),
    onSignal(listener) {
      const heard = SIGNALS.filter((name) => name !== 'SIGHUP' || !ignoresHangup())
      const handlers = heard.map((name) => [name, () => listener(name)] as const)
      for (const [name, handler] of handlers) self.on(name, handler)
      return () => {
        for (const [name, handler] of handlers) self.off(name, handler)
      }
    },
    exit: (code) => self.exit(code),
  }
}

/** In the executable the second word is a path inside it. */
function executableOf({ execPath, argv }: NodeJS.Process): readonly string[] {
  const [, main = ''] = argv
  return main === '' || main.startsWith('/$bunfs/') ? [execPath] : [execPath, main]
}

/** Started by `nohup`: a handler of ours would undo that. The lowest bit of SigIgn is signal 1; unknown outside Linux. */
function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
    return (BigInt(`0x${mask}`) & 1n) === 1n
  } catch {
    return false
  }
}

function createOutput(stream: NodeJS.WriteStream): Output {
  // Without a listener the error that each `write` reports would also end the process.
  stream.on('error', () => {})
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      // A terminal that was not told its size says 0.
      return stream.isTTY && stream.columns > 0 ? stream.columns : undefined
    },
    get rows() {
      return stream.isTTY && stream.rows > 0 ? stream.rows : undefined
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(toWriteError(error)) : resolve()))
      }),
  }
}

function toWriteError(error: Error & { code?: unknown }): Error {
  if (error.code === 'EPIPE') return new BrokenPipe('The reader of the output is gone', { cause: error })
  const full = error.code === 'ENOSPC' || error.code === 'EDQUOT'
  return new AppError(full ? 'disk_full' : 'internal', 'Cannot write the output', { cause: error })
}
