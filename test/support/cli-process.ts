import { join } from 'node:path'

const MAIN = join(import.meta.dirname, 'cli-main.ts')

export interface CliProcess extends AsyncDisposable {
  readonly pid: number
  readonly exited: Promise<number>
  /** What was printed so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves as soon as the pattern is printed; rejects where the process ends before. */
  prints(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>
  write(text: string): void
  closeStdin(): void
  kill(signal: NodeJS.Signals): void
}

/** The command line over the program of cli-app.ts as a process; killed at the end of the block if it still runs. */
export function spawnCli(
  data: string,
  argv: readonly string[],
  env: Record<string, string> = {},
  /** A program that starts it. */
  before: readonly string[] = [],
): CliProcess {
  const child = Bun.spawn([...before, process.execPath, MAIN, ...argv], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', AIRKEEP_DATA: data, ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const streams = { stdout, stderr }
  const exited = child.exited.then(async (code) => {
    await Promise.all([stdout.ended, stderr.ended])
    return code
  })
  return {
    pid: child.pid,
    exited,
    stdout: () => stdout.text,
    stderr: () => stderr.text,
    async prints(stream, pattern) {
      const found = await streams[stream].find(pattern)
      if (found !== undefined) return found
      throw new Error(`ended with ${await exited} before it printed ${pattern}:\n${stdout.text}\n${stderr.text}`)
    },
    write(text) {
      child.stdin.write(text)
      child.stdin.flush()
    },
    closeStdin: () => void child.stdin.end(),
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

interface Collected {
  text: string
  readonly ended: Promise<void>
  find(pattern: RegExp): Promise<RegExpExecArray | undefined>
}

function collect(stream: ReadableStream<Uint8Array>): Collected {
  let tell = (): void => {}
  let over = false
  const decoder = new TextDecoder()
  const read = async (): Promise<void> => {
    for await (const chunk of stream) {
      collected.text += decoder.decode(chunk, { stream: true })
      tell()
    }
    over = true
    tell()
  }
  const collected: Collected = {
    text: '',
    get ended() {
      return ended
    },
    async find(pattern) {
      for (;;) {
        const found = pattern.exec(collected.text)
        if (found !== null) return found
        if (over) return undefined
        await new Promise<void>((resolve) => {
          tell = resolve
        })
      }
    },
  }
  const ended = read()
  return collected
}

/** Starts `serve` and waits until it is ready. */
export async function spawnServe(
  data: string,
  argv: readonly string[] = [],
  env: Record<string, string> = {},
  before: readonly string[] = [],
): Promise<CliProcess & { readonly url: string }> {
  const child = spawnCli(data, ['serve', '--port', '0', ...argv], env, before)
  const [, url = ''] = await child.prints('stdout', /^airkeep listening on (http:\/\/\S+)\n/)
  return { ...child, url, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() }
}
