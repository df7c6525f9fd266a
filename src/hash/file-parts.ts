import { AppError } from '../errors.ts'
import type { Sha256 } from './digest.ts'
import type { FilePass, PassedFile, PassOptions } from './file-pass.ts'
import type { Sha256Hasher } from './native.ts'
import type { HashEngine, Sha256Engines } from './whole-file.ts'

export interface FileChunks extends PassedFile {
  readonly sha256: Sha256
  /** Of each chunk in order; the last may be shorter than the others, and an empty file has none. */
  readonly chunks: readonly Sha256[]
  readonly engine: HashEngine
}

export interface RangeDigest extends PassedFile {
  /** Of the range; `sizeBytes` is that of the file. */
  readonly sha256: Sha256
  readonly engine: HashEngine
}

export interface ChunksOptions extends PassOptions {
  readonly engine: HashEngine
  /** Bytes of every chunk but the last. */
  readonly chunkBytes: number
}

export interface RangeOptions extends PassOptions {
  readonly engine: HashEngine
  /** First byte. */
  readonly begin: number
  /** Behind the last byte. */
  readonly end: number
}

/** A list of more is of no use to anybody: 200 GB in chunks of 256 KiB are 760,000. */
const MAX_CHUNKS = 2 ** 20

/** Digests of parts of files at rest. What they return blocks and throws like a FilePass. */
export function createPartHasher({ engines, pass }: { readonly engines: Sha256Engines; readonly pass: FilePass }): {
  /** @throws AppError invalid_input too for no size of a chunk, and for one that gives over a million chunks */
  hashChunks(path: string, options: ChunksOptions): FileChunks
  /** @throws AppError invalid_input too for no range, and for one beyond the end of the file */
  hashRange(path: string, options: RangeOptions): RangeDigest
} {
  return {
    hashChunks(path, { engine, chunkBytes, ...options }) {
      if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 1) {
        throw new AppError('invalid_input', 'The size of a chunk must be a whole number of bytes, at least 1')
      }
      return pass(path, {
        ...options,
        plan(sizeBytes) {
          if (sizeBytes / chunkBytes > MAX_CHUNKS) throw tooMany(path, sizeBytes)
          const whole = engines[engine]()
          const parts = cut(engines[engine], chunkBytes)
          return {
            spans: [whole, parts].map((sink) => ({ sink, from: 0, to: sizeBytes })),
            digest: () => ({ sha256: whole.digest(), chunks: parts.digests(), engine }),
          }
        },
      })
    },
    hashRange(path, { engine, begin, end, ...options }) {
      if (![begin, end].every((at) => Number.isSafeInteger(at) && at >= 0) || begin > end) {
        throw new AppError('invalid_input', 'A range goes from one byte of the file to the same or a later one')
      }
      return pass(path, {
        ...options,
        range: { begin, end },
        plan() {
          const hasher = engines[engine]()
          return {
            spans: [{ sink: hasher, from: begin, to: end }],
            digest: () => ({ sha256: hasher.digest(), engine }),
          }
        },
      })
    },
  }
}

function cut(create: () => Sha256Hasher, chunkBytes: number) {
  const done: Sha256[] = []
  let current: Sha256Hasher | undefined
  let room = chunkBytes
  const end = (): void => {
    if (current !== undefined) done.push(current.digest())
    current = undefined
    room = chunkBytes
  }
  return {
    update(chunk: Uint8Array): void {
      for (let from = 0; from < chunk.length; ) {
        const part = chunk.subarray(from, from + room)
        current ??= create()
        current.update(part)
        from += part.length
        room -= part.length
        if (room === 0) end()
      }
    },
    digests(): readonly Sha256[] {
      end()
      return done
    },
  }
}

const tooMany = (path: string, sizeBytes: number): AppError =>
  new AppError('invalid_input', `Cannot cut ${path}, which has ${sizeBytes} bytes, into more than ${MAX_CHUNKS} chunks`)
