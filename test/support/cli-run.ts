import { NOWHERE } from '../../scripts/nowhere.ts'
import type { CliParts } from '../../src/cli/app.ts'
import { BrokenPipe, type EndSignal, type Outside } from '../../src/cli/outside.ts'
import { runCli } from '../../src/cli/run.ts'
import { cliParts } from './cli-app.ts'

export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** How the program is started. */
  readonly executable?: readonly string[]
  readonly stdin?: string | Uint8Array
  /** What a person types where stdin is a terminal and the command asks for a secret. */
  readonly secret?: string
  /** Lines that a person types where stdin is a terminal, one for each question; then the input is at its end. */
  readonly answers?: readonly string[]
  /** Called with each question. */
  readonly onQuestion?: (question: string) => void
  /** Characters in a line where stdout and stderr are a terminal. */
  readonly terminal?: number
  /** Whoever reads stdout goes away after so many writes. */
  readonly readerLeavesAfter?: number
  readonly parts?: CliParts
  /** Given a way to send a signal as soon as the command listens for them. */
  readonly onStart?: (send: (signal: EndSignal) => void) => void
  /** Called with each piece of stderr. */
  readonly onStderr?: (text: string) => void
}

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** One command line, in this process. */
export async function runInProcess(argv: readonly string[], world: CliWorld = {}): Promise<CliResult> {
  let stdout = ''
  let stderr = ''
  let writes = 0
  const answers = [...(world.answers ?? [])]
  const { stdin = '', terminal, cwd = '/nonexistent' } = world
  const outside: Outside = {
    argv,
    executable: world.executable ?? [process.execPath],
    env: { HOME: '/nonexistent', ...NOWHERE, ...world.env },
    cwd,
    stdout: {
      isTerminal: terminal !== undefined,
      columns: terminal,
      async write(text) {
        writes += 1
        if (writes > (world.readerLeavesAfter ?? Number.POSITIVE_INFINITY)) throw new BrokenPipe()
        stdout += text
      },
    },
    stderr: {
      isTerminal: terminal !== undefined,
      columns: terminal,
      async write(text) {
        stderr += text
        world.onStderr?.(text)
      },
    },
    stdinIsTerminal: world.secret !== undefined || world.answers !== undefined,
    async askSecret(question) {
      world.onQuestion?.(question)
      return world.secret ?? ''
    },
    async ask(question, signal) {
      stderr += question
      world.onQuestion?.(question)
      signal.throwIfAborted()
      return answers.shift()
    },
    async *stdin() {
      yield typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin
    },
    onSignal(listener) {
      world.onStart?.(listener)
      return () => {}
    },
    exit(code) {
      throw new Error(`exit ${code}`)
    },
  }
  const exitCode = await runCli(outside, world.parts ?? cliParts)
  return { exitCode, stdout, stderr }
}
