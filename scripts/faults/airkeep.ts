import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Ended {
  readonly exitCode: number | null
  readonly signal: string | number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface Started {
  readonly pid: number
  /** Ends it at once; harmless when it has ended. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): void
  readonly ended: Promise<Ended>
}

export interface RunOptions {
  readonly data: string
  readonly env?: Readonly<Record<string, string>>
  /** What runs it, such as strace. */
  readonly under?: readonly string[]
}

/** Runs the executable with an environment of its own. */
export function start(binary: string, args: readonly string[], { data, env = {}, under = [] }: RunOptions): Started {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const began = performance.now()
  const child = Bun.spawn([...under, binary, ...args, '--data', data], {
    stdout: 'pipe',
    stderr: 'pipe',
    cwd: data,
    env: { PATH: process.env['PATH'] ?? '', HOME: join(data, 'home'), ...env },
  })
  const end = async (): Promise<Ended> => {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    const { exitCode, signalCode: signal } = child
    return { exitCode, signal, stdout, stderr, seconds: (performance.now() - began) / 1000 }
  }
  return { pid: child.pid, kill: (signal) => child.kill(signal), ended: end() }
}

/** The job as `--json` printed it; a problem that came after it stands in a line of its own. */
export function jobIn({ stdout }: Ended): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(stdout.split('\n', 1)[0] ?? '') as Record<string, unknown>
  } catch {
    return {}
  }
}

export const scanArgs = (roots: readonly string[]): string[] => ['scan', ...roots, '--json']
