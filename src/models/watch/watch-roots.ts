import { Worker } from 'node:worker_threads'
import type { Log } from '../../lib/log.ts'
import type { ModelRoot } from '../root.ts'
import { WATCH_TIMING, type WatchMessage, type WatchMode, type WatchTiming, type WatchWorkerData } from './messages.ts'

export interface WatchOptions {
  /**
   * Something has changed in these folders, or anywhere below them: absolute paths below the root as it is listed, none
   * within another, the root's own where everything is to be looked at. Told when a burst of changes is over.
   */
  readonly onChange: (root: ModelRoot, folders: readonly string[]) => void
  readonly log: Log
  /** Closes it. */
  readonly signal?: AbortSignal | undefined
  /** @default WATCH_TIMING */
  readonly timing?: Partial<WatchTiming> | undefined
  /** The worker's code. @default where this build has it */
  readonly workerUrl?: URL | undefined
}

export interface Watching {
  /** Resolves when every root was tried: a walk that begins now and the changes told later miss nothing. */
  readonly ready: Promise<void>
  /** `rescan` also for a root that is missing, and while it is not known yet. */
  modeOf(root: ModelRoot): WatchMode
  close(): Promise<void>
}

/** The executable keeps workers under their paths below src, the bundle for Node as `.js`. */
function watchWorkerUrl(): URL {
  const here = import.meta.url
  if (here.startsWith('file:///$bunfs/')) return new URL('./models/watch/worker.ts', here)
  return new URL(here.endsWith('.ts') ? './worker.ts' : './models/watch/worker.js', here)
}

/**
 * Tells changes below the roots, in a thread of its own that does not keep the process alive. Never throws: a root that
 * cannot be watched is looked at at intervals, and a thread that dies is started again.
 */
export function watchRoots(roots: readonly ModelRoot[], options: WatchOptions): Watching {
  const { onChange, log } = options
  const timing = { ...WATCH_TIMING, ...options.timing }
  const modes = new Map<string, WatchMode>()
  let worker: Worker | undefined
  let restart: NodeJS.Timeout | undefined
  let closed = false
  let whenReady = (): void => {}
  const ready = new Promise<void>((resolve) => {
    whenReady = resolve
  })

  function change(root: ModelRoot, folders: readonly string[]): void {
    try {
      onChange(root, folders)
    } catch (err) {
      log.error({ err, root: root.path }, 'changes in a model folder were not taken')
    }
  }

  function take(message: WatchMessage, isFirst: boolean): void {
    if (message.kind === 'ready') {
      whenReady()
      // What happened while no thread was there is not known.
      if (!isFirst) for (const root of roots) change(root, [root.path])
      return
    }
    const root = roots[message.root]
    if (root === undefined) return
    if (message.kind === 'changed') {
      change(root, message.folders)
      return
    }
    const { mode, reason } = message
    modes.set(root.path, mode)
    log.info({ root: root.path, reason }, mode === 'watch' ? 'watching a model folder' : 'rescanning a model folder')
  }

  function start(isFirst: boolean): void {
    const workerData: WatchWorkerData = { roots: roots.map(({ path }) => path), timing }
    let failed = false
    const fail = (err: unknown): void => {
      if (closed || failed) return
      failed = true
      modes.clear()
      whenReady()
      log.warn({ err }, 'the thread that watches model folders stopped and is started again')
      restart = setTimeout(() => start(false), timing.retryMs)
      restart.unref()
    }
    try {
      const started = new Worker(options.workerUrl ?? watchWorkerUrl(), { workerData })
      worker = started
      started.on('message', (message: WatchMessage) => {
        if (!closed && !failed) take(message, isFirst)
      })
      started.on('error', fail)
      started.on('messageerror', fail)
      started.on('exit', (code) => fail(new Error(`It stopped with code ${code}`)))
      // Listening for messages has made it keep the process alive.
      started.unref()
    } catch (error) {
      fail(error)
    }
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(restart)
    options.signal?.removeEventListener('abort', onAbort)
    modes.clear()
    whenReady()
    await worker?.terminate()
  }
  const onAbort = (): void => void close()

  closed = options.signal?.aborted ?? false
  if (closed || roots.length === 0) whenReady()
  else start(true)
  options.signal?.addEventListener('abort', onAbort, { once: true })

  return { ready, modeOf: (root) => modes.get(root.path) ?? 'rescan', close }
}
