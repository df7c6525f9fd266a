import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NOWHERE } from '../nowhere.ts'

export const BINARY = join(import.meta.dir, '../../dist/airkeep')

export interface RunningServer {
  readonly port: number
  readonly pid: number
  readonly data: string
  stop(): Promise<void>
}

/** Starts the executable on a free port; `data` is a new folder, removed afterwards, unless one is given. */
export async function startServer(data?: string, env: Record<string, string> = {}): Promise<RunningServer> {
  const dir = data ?? mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
  const child = Bun.spawn([BINARY, 'serve', '--port', '0', '--data', dir], {
    stdout: 'pipe',
    // To a file of its own: a log line costs what it costs for a user.
    stderr: Bun.file(join(dir, 'log')),
    cwd: dir,
    env: { PATH: process.env.PATH ?? '', HOME: dir, ...NOWHERE, ...env },
  })
  const reader = child.stdout.getReader()
  let text = ''
  while (!text.includes('\n')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The server ended: ${await Bun.file(join(dir, 'log')).text()}`)
    text += new TextDecoder().decode(value)
  }
  const port = Number(/:(\d+)\s*$/.exec(text.trim())?.[1])
  return {
    port,
    pid: child.pid,
    data: dir,
    async stop() {
      child.kill('SIGTERM')
      await child.exited
      if (data === undefined) rmSync(dir, { recursive: true, force: true })
    },
  }
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
