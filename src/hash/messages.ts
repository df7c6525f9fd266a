import type { SentError } from '../lib/sent-error.ts'
import type { Sha256 } from './digest.ts'
import type { FileChunks, RangeDigest } from './file-parts.ts'
import type { HashTime } from './file-pass.ts'
import type { FollowedPart } from './growing-file.ts'
import type { FileDigest, HashEngine, WantedDigests } from './whole-file.ts'

/** What every reading of a file is told. */
export interface FileInput {
  readonly path: string
  readonly exact: boolean
  readonly engine: HashEngine
  readonly turns: number | undefined
  readonly progress: boolean
}

/** What a hashing worker can be asked, and what it answers. */
export interface HashCalls {
  file: { input: FileInput & WantedDigests; output: FileDigest }
  chunks: { input: FileInput & { chunkBytes: number }; output: FileChunks }
  range: { input: FileInput & { begin: number; end: number }; output: RangeDigest }
  open: { input: { stream: number; restore: Uint8Array | undefined }; output: undefined }
  /** The first `length` bytes of `buffer`; the buffer travels there and back, so that it is used again. */
  update: { input: { stream: number; buffer: ArrayBuffer; length: number }; output: ArrayBuffer }
  save: { input: { stream: number }; output: Uint8Array }
  digest: { input: { stream: number }; output: { sha256: Sha256; sizeBytes: number } }
  /** A file that is being written; the output of `readOn` is how far it got. */
  follow: { input: { stream: number; path: string; part: FollowedPart }; output: undefined }
  readOn: { input: { stream: number; end: number }; output: number }
  followed: { input: { stream: number; sizeBytes: number }; output: Sha256 | undefined }
  /** Of a stream or of a file that is followed. */
  drop: { input: { stream: number }; output: undefined }
}

export type HashCallName = keyof HashCalls

/** Those that keep a thread busy with one file and may be cancelled. */
export const FILE_CALLS = ['file', 'chunks', 'range'] as const satisfies readonly HashCallName[]

export type FileCallName = (typeof FILE_CALLS)[number]

export const isFileCall = (name: HashCallName): name is FileCallName => FILE_CALLS.some((call) => call === name)

export type HashRequest = {
  [K in HashCallName]: { readonly id: number; readonly name: K; readonly input: HashCalls[K]['input'] }
}[HashCallName]

export type HashReply =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'progress'
      readonly id: number
      readonly bytesDone: number
      readonly bytesTotal: number
      readonly time: HashTime
    }
  | { readonly kind: 'done'; readonly id: number; readonly output: HashCalls[HashCallName]['output'] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SentError }

/** Given to a worker at its start. */
export interface HashWorkerData {
  /** One Int32: 1 asks the file that is being hashed to stop, read between two buffers. */
  readonly cancel: SharedArrayBuffer
  /** Whose turn it is to read from a device: `createTurnTable`, one for all workers of a pool. */
  readonly turns: SharedArrayBuffer
  /** Gives way to the other threads, so that the event loop keeps answering while all cores hash. */
  readonly background: boolean
}
