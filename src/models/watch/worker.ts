/**
 * Entry point of the worker that watches model folders: beginning to watch a large tree blocks, and a download gives
 * thousands of events in a second.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { WatchMessage, WatchWorkerData } from './messages.ts'
import { watchRoot } from './root-watch.ts'

const port = parentPort
if (port === null) throw new Error('src/models/watch/worker.ts runs as a worker only')
const { roots, timing } = workerData as WatchWorkerData
const tell = (message: WatchMessage): void => port.postMessage(message)

const watches = roots.map((path, root) =>
  watchRoot(path, {
    timing,
    onMode: (mode, reason) => tell({ kind: 'mode', root, mode, reason }),
    onChanged: (folders) => tell({ kind: 'changed', root, folders }),
  }),
)
await Promise.all(watches.map(({ tried }) => tried))
tell({ kind: 'ready' })
