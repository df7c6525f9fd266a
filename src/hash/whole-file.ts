import { readSync } from 'node:fs'
import { AppError } from '../errors.ts'
import type { AutoV1, Sha256, TensorSha256 } from './digest.ts'
import type { Sha256Hasher } from './native.ts'
import { openRegularFile, type RegularFile, toFileError } from './regular-file.ts'
import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from './safetensors.ts'

export type HashEngine = 'native' | 'wasm'

export interface FileDigest {
  readonly sha256: Sha256
  /** Only when asked for and the file is a safetensors with data behind its header. */
  readonly tensorSha256?: TensorSha256
  /** Only for files longer than 1 MiB: there is nothing at its offset in shorter ones. */
  readonly autoV1?: AutoV1
  readonly sizeBytes: number
  readonly engine: HashEngine
}

export interface WholeFileOptions {
  readonly engine: HashEngine
  readonly tensor: boolean
  /** The path is real: nothing but the file at exactly this path is read. @default false */
  readonly exact?: boolean
  /** Asked between buffers. */
  readonly isCancelled: () => boolean
  /** Called after every buffer that was read. */
  readonly onBytes: (bytesDone: number, bytesTotal: number) => void
}

/** Larger is no faster, and reading through `for await` of a stream is four times as slow. */
const BUFFER_BYTES = 256 * 1024

/** Of AutoV1, as A1111 read it; where the file ends inside, it hashed what there was. */
const AUTO_V1_OFFSET = 0x100000
const AUTO_V1_BYTES = 0x10000

/** From `from` to `to` (bytes of the file) into a hasher of its own. */
interface Slice {
  readonly hasher: Sha256Hasher
  readonly from: number
  readonly to: number
}

/**
 * Hashes files at rest in one pass over one reused buffer. The returned function blocks until it is done,
 * so it is for workers.
 *
 * It throws AppError not_found, forbidden, invalid_input (no regular file), conflict (changed while it
 * was read), cancelled.
 */
export function createWholeFileHasher(
  engines: Readonly<Record<HashEngine, () => Sha256Hasher>>,
): (path: string, options: WholeFileOptions) => FileDigest {
  const buffer = new Uint8Array(BUFFER_BYTES)

  function read(path: string, file: RegularFile, options: WholeFileOptions): FileDigest {
    const create = engines[options.engine]
    const { sizeBytes } = file
    const whole = create()
    const slices: Slice[] = []
    const slice = (from: number, to: number): Slice => {
      const added = { hasher: create(), from, to }
      slices.push(added)
      return added
    }
    const autoV1 = sizeBytes > AUTO_V1_OFFSET ? slice(AUTO_V1_OFFSET, AUTO_V1_OFFSET + AUTO_V1_BYTES) : undefined
    const dataOffset = options.tensor ? tensorOffset(file) : undefined
    const tensor = dataOffset === undefined ? undefined : slice(dataOffset, sizeBytes)

    let done = 0
    while (true) {
      if (options.isCancelled()) throw new AppError('cancelled', `Hashing ${path} was cancelled`)
      const count = readSync(file.fd, buffer, 0, BUFFER_BYTES, null)
      if (count === 0) break
      const chunk = count === BUFFER_BYTES ? buffer : buffer.subarray(0, count)
      whole.update(chunk)
      for (const { hasher, from, to } of slices) {
        if (from < done + count && to > done) hasher.update(chunk.subarray(Math.max(0, from - done), to - done))
      }
      done += count
      options.onBytes(done, sizeBytes)
      if (done > sizeBytes) break
    }
    file.ensureUnchanged()
    if (done !== sizeBytes) {
      throw new AppError(
        'invalid_input',
        `Cannot hash ${path}: it is not a regular file, its size is not that of its content`,
      )
    }
    return {
      sha256: whole.digest(),
      ...(tensor === undefined ? {} : { tensorSha256: tensor.hasher.digest() as string as TensorSha256 }),
      ...(autoV1 === undefined ? {} : { autoV1: autoV1.hasher.digest().slice(0, 8) as AutoV1 }),
      sizeBytes,
      engine: options.engine,
    }
  }

  function tensorOffset(file: RegularFile): number | undefined {
    const count = readSync(file.fd, buffer, 0, SHORTEST_SAFETENSORS, 0)
    const offset = safetensorsDataOffset(buffer.subarray(0, count), file.sizeBytes)
    // Nothing behind the header: the digest would be that of no bytes, which identifies nothing.
    return offset === undefined || offset >= file.sizeBytes ? undefined : offset
  }

  return (path, options) => {
    const file = openRegularFile(path, options.exact === true)
    try {
      return read(path, file, options)
    } catch (error) {
      throw toFileError(`hash ${path}`, error)
    } finally {
      file.close()
    }
  }
}
