/**
 * Entry point of the hashing workers. Each answers one message after another; every handler is
 * synchronous, because a handler that awaits would let the next message overtake it.
 */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { toSentError } from '../lib/sent-error.ts'
import { createBlake3Engine } from './blake3.ts'
import { createDeviceTurns } from './device-turns.ts'
import { createPartHasher } from './file-parts.ts'
import { createFilePass, type HashTime, type PassOptions } from './file-pass.ts'
import { createGrowingFiles, type GrowingFile } from './growing-file.ts'
import { createSha256Engine, type IncrementalSha256 } from './incremental.ts'
import type { FileInput, HashCallName, HashCalls, HashReply, HashRequest, HashWorkerData } from './messages.ts'
import { createNativeSha256 } from './native.ts'
import { createWholeFileHasher } from './whole-file.ts'

/** Progress is for people: ten times a second is enough. */
const PROGRESS_INTERVAL_MS = 100

const BACKGROUND_NICE = 5

if (parentPort === null) throw new Error('src/hash/worker.ts runs as a worker only')
const port = parentPort
const data = workerData as HashWorkerData
const cancel = new Int32Array(data.cancel)
// On Linux 0 means this thread; elsewhere it would be the whole process.
if (data.background && process.platform === 'linux') setPriority(0, BACKGROUND_NICE)
const [engine, createBlake3] = await Promise.all([createSha256Engine(), createBlake3Engine()])
const engines = { native: createNativeSha256, wasm: engine.create }
const pass = createFilePass(createDeviceTurns(data.turns))
const hashWholeFile = createWholeFileHasher({ engines, createBlake3, pass })
const parts = createPartHasher({ engines, pass })
const openGrowing = createGrowingFiles(createNativeSha256)
const streams = new Map<number, IncrementalSha256>()
const growing = new Map<number, GrowingFile>()

const reply = (message: HashReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

function find<T>(among: ReadonlyMap<number, T>, stream: number): T {
  const found = among.get(stream)
  if (found === undefined) throw new Error(`Stream ${stream} is not open`)
  return found
}

function passOptions(id: number, { exact, turns, progress }: FileInput): PassOptions {
  let told = performance.now()
  const onBytes = (bytesDone: number, bytesTotal: number, time: HashTime): void => {
    if (!progress || performance.now() - told < PROGRESS_INTERVAL_MS) return
    told = performance.now()
    reply({ kind: 'progress', id, bytesDone, bytesTotal, time })
  }
  const isCancelled = (): boolean => Atomics.load(cancel, 0) === 1
  return { exact, turns, isCancelled, onBytes }
}

interface Answer {
  readonly output: HashCalls[HashCallName]['output']
  readonly transfer?: ArrayBuffer[]
}

function answer({ id, name, input }: HashRequest): Answer {
  switch (name) {
    case 'file':
      return { output: hashWholeFile(input.path, { ...input, ...passOptions(id, input) }) }
    case 'chunks':
      return { output: parts.hashChunks(input.path, { ...input, ...passOptions(id, input) }) }
    case 'range':
      return { output: parts.hashRange(input.path, { ...input, ...passOptions(id, input) }) }
    case 'open':
      streams.set(input.stream, input.restore === undefined ? engine.create() : engine.restore(input.restore))
      return { output: undefined }
    case 'update':
      find(streams, input.stream).update(new Uint8Array(input.buffer, 0, input.length))
      return { output: input.buffer, transfer: [input.buffer] }
    case 'save':
      return { output: find(streams, input.stream).save() }
    case 'digest': {
      const hasher = find(streams, input.stream)
      streams.delete(input.stream)
      return { output: { sha256: hasher.digest(), sizeBytes: hasher.sizeBytes } }
    }
    case 'follow':
      growing.set(input.stream, openGrowing(input.path, input.part))
      return { output: undefined }
    case 'readOn':
      return { output: find(growing, input.stream).readOn(input.end) }
    case 'followed':
      return { output: find(growing, input.stream).digest(input.sizeBytes) }
    case 'drop':
      streams.delete(input.stream)
      growing.get(input.stream)?.close()
      growing.delete(input.stream)
      return { output: undefined }
  }
}

port.on('message', (request: HashRequest) => {
  const { id } = request
  try {
    const { output, transfer } = answer(request)
    reply({ kind: 'done', id, output }, transfer)
  } catch (error) {
    reply({ kind: 'failed', id, error: toSentError(error, 'Hashing') })
  }
})
reply({ kind: 'ready' })
