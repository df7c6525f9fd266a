import { join } from 'node:path'
import type { DownloadTuning } from '../../src/download/tuning.ts'

export interface ChildTask {
  readonly target: string
  readonly urls: readonly string[]
  readonly sha256: string
  readonly maxRanges?: number
  readonly minFreeBytes?: number
  readonly tuning?: Partial<DownloadTuning>
  /** The clock on the wall jumps every so many milliseconds. */
  readonly jumps?: number
}

export interface Outcome {
  /** `ok`, or the code of the error. */
  readonly code: string
  readonly message: string
  readonly fetchedBytes: number
  readonly hashedBy: string
}

export interface RunningDownload {
  /** Of the downloading process, be it traced or not. */
  readonly pid: Promise<number>
  /** Lines that a tracer writes. */
  readonly trace: AsyncIterable<string>
  kill(): Promise<void>
  /** Undefined: it was killed, or it crashed. */
  readonly ended: Promise<Outcome | undefined>
}

const CHILD = join(import.meta.dir, 'download-child.ts')

/** @param under what runs it, such as strace */
export function startDownload(task: ChildTask, under: readonly string[] = []): RunningDownload {
  const child = Bun.spawn([...under, process.execPath, CHILD, JSON.stringify(task)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: under.length === 0 ? 'inherit' : 'pipe',
  })
  let tell: (pid: number) => void = () => {}
  const pid = new Promise<number>((resolve) => {
    tell = resolve
  })
  const ended = (async () => {
    let text = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.includes('\n')) tell(Number.parseInt(text, 10))
    }
    await child.exited
    const line = text.split('\n')[1]
    return line === undefined || line === '' ? undefined : (JSON.parse(line) as Outcome)
  })()
  return {
    pid,
    trace: linesOf(child.stderr),
    async kill() {
      process.kill(await pid, 'SIGKILL')
    },
    ended,
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined): AsyncGenerator<string> {
  if (stream === undefined) return
  let text = ''
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    yield* lines
  }
}
