/**
 * Entry point of the hashing workers. Each answers one message after another; every handler is
 * synchronous, because a handler that awaits would let the next message overtake it.
 */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { createSha256Engine, type IncrementalSha256 } from './incremental.ts'
import {
  type HashCallName,
  type HashCalls,
  type HashReply,
  type HashRequest,
  type HashWorkerData,
  toSentError,
} from './messages.ts'
import { createNativeSha256 } from './native.ts'
import { createWholeFileHasher, type FileDigest } from './whole-file.ts'

/** Progress is for people: ten times a second is enough. */
const PROGRESS_INTERVAL_MS = 100

const BACKGROUND_NICE = 5

if (parentPort === null) throw new Error('src/hash/worker.ts runs as a worker only')
const port = parentPort
const data = workerData as HashWorkerData
const cancel = new Int32Array(data.cancel)
// On Linux 0 means this thread; elsewhere it would be the whole process.
if (data.background && process.platform === 'linux') setPriority(0, BACKGROUND_NICE)
const engine = await createSha256Engine()
const hashWholeFile = createWholeFileHasher({ native: createNativeSha256, wasm: engine.create })
const streams = new Map<number, IncrementalSha256>()

const reply = (message: HashReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

function find(stream: number): IncrementalSha256 {
  const hasher = streams.get(stream)
  if (hasher === undefined) throw new Error(`Stream ${stream} is not open`)
  return hasher
}

function hashFile(id: number, { path, exact, engine, tensor, progress }: HashCalls['file']['input']): FileDigest {
  let told = performance.now()
  const onBytes = (bytesDone: number, bytesTotal: number): void => {
    if (!progress || performance.now() - told < PROGRESS_INTERVAL_MS) return
    told = performance.now()
    reply({ kind: 'progress', id, bytesDone, bytesTotal })
  }
  const isCancelled = (): boolean => Atomics.load(cancel, 0) === 1
  return hashWholeFile(path, { exact, engine, tensor, isCancelled, onBytes })
}

interface Answer {
  readonly output: HashCalls[HashCallName]['output']
  readonly transfer?: ArrayBuffer[]
}

function answer({ id, name, input }: HashRequest): Answer {
  switch (name) {
    case 'file':
      return { output: hashFile(id, input) }
    case 'open':
      streams.set(input.stream, input.restore === undefined ? engine.create() : engine.restore(input.restore))
      return { output: undefined }
    case 'update':
      find(input.stream).update(new Uint8Array(input.buffer, 0, input.length))
      return { output: input.buffer, transfer: [input.buffer] }
    case 'save':
      return { output: find(input.stream).save() }
    case 'digest': {
      const hasher = find(input.stream)
      streams.delete(input.stream)
      return { output: { sha256: hasher.digest(), sizeBytes: hasher.sizeBytes } }
    }
    case 'drop':
      streams.delete(input.stream)
      return { output: undefined }
  }
}

port.on('message', (request: HashRequest) => {
  const { id } = request
  try {
    const { output, transfer } = answer(request)
    reply({ kind: 'done', id, output }, transfer)
  } catch (error) {
    reply({ kind: 'failed', id, error: toSentError(error) })
  }
})
reply({ kind: 'ready' })
