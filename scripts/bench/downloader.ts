import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DownloadTask {
  readonly urls: readonly string[]
  readonly target: string
  readonly sha256: string
  /** A caller knows it from the registry, as aria2c and curl do not need to. */
  readonly sizeBytes?: number
}

export interface DownloadOutcome {
  readonly seconds: number
  readonly hashedBy: string
  readonly mostConnections: number
}

/** Our engine in a process of its own, which lives as long as a server would. */
export interface Downloader {
  download(task: DownloadTask): Promise<DownloadOutcome>
  /** Most memory that it ever had (VmHWM), in bytes. */
  peakBytes(): number
  stop(): Promise<void>
}

export function startDownloader(): Downloader {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'download-child.ts')], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    async download(task) {
      child.stdin.write(`${JSON.stringify(task)}\n`)
      child.stdin.flush()
      while (!text.includes('\n')) {
        const { value, done } = await reader.read()
        if (done) throw new Error('The downloading process ended')
        text += decoder.decode(value, { stream: true })
      }
      const end = text.indexOf('\n')
      const outcome = JSON.parse(text.slice(0, end)) as DownloadOutcome
      text = text.slice(end + 1)
      return outcome
    },
    peakBytes: () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    async stop() {
      child.stdin.end()
      await child.exited
    },
  }
}
