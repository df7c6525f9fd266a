import { join } from 'node:path'
import type { Origin } from './nginx.ts'

export interface Pace {
  /** Bytes a second of each connection; no limit where left out. */
  readonly perConnection?: number
  /** Of all connections together. */
  readonly total?: number
}

/** A server in a process of its own that is as slow as it is told to be, from the first byte on. */
export async function startPaced(
  path: string,
  { perConnection = 0, total = 0 }: Pace,
): Promise<Origin & { readonly pid: number }> {
  const script = join(import.meta.dir, 'paced-child.ts')
  const child = Bun.spawn([process.execPath, script, path, String(perConnection), String(total)], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { value } = await child.stdout.getReader().read()
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}/model.safetensors`,
    async stop() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}
