import type { Sha256, TensorSha256 } from './digest.ts'
import { BUFFER_BYTES } from './file-pass.ts'
import type { Sha256Hasher } from './native.ts'
import { fill, openRegularFile, toFileError } from './regular-file.ts'
import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from './safetensors.ts'

/** Of a file that was read while it grew. */
export interface GrownDigests {
  /** Only where it was wanted. */
  readonly sha256?: Sha256
  /** Only of a safetensors with data behind its header. */
  readonly tensorSha256?: TensorSha256
}

/** Digests of a file that somebody is still writing. Blocks while it reads, so it is for workers. */
export interface GrowingFile {
  /**
   * Reads on up to `end`, which must be there, and says up to where it has what is wanted: Infinity where nothing is, as
   * of a file that is no safetensors.
   * @param whole the digest of the whole is wanted too, then and from now on
   * @throws AppError internal (shorter than told, unreadable)
   */
  readOn(end: number, whole: boolean): number
  /** What was read to its end. */
  digest(sizeBytes: number): GrownDigests
  close(): void
}

/** @throws AppError not_found, forbidden, invalid_input (no regular file), internal */
export type OpenGrowingFile = (path: string) => GrowingFile

interface Sink {
  readonly hasher: Sha256Hasher
  readonly from: number
  /** Hashed up to here. */
  at: number
}

export function createGrowingFiles(create: () => Sha256Hasher): OpenGrowingFile {
  const buffer = new Uint8Array(BUFFER_BYTES)

  return (path) => {
    const file = openRegularFile(path, false)
    const sinks = new Map<'whole' | 'tensors', Sink>()
    let looked = false

    function read(position: number, length: number): Uint8Array {
      if (fill(file.fd, buffer, length, position) < length) throw new Error(`${path} is shorter than what was written`)
      return buffer.subarray(0, length)
    }

    function add(name: 'whole' | 'tensors', from: number): void {
      if (!sinks.has(name)) sinks.set(name, { hasher: create(), from, at: from })
    }

    function lookForTensors(): void {
      looked = true
      const offset = safetensorsDataOffset(read(0, SHORTEST_SAFETENSORS), Number.POSITIVE_INFINITY)
      if (offset !== undefined) add('tensors', offset)
    }

    const behind = (): number => Math.min(...[...sinks.values()].map(({ at }) => at))

    function readOn(end: number): number {
      if (!looked && end >= SHORTEST_SAFETENSORS) lookForTensors()
      if (!looked && sinks.size === 0) return end
      for (let at = behind(); at < end; at = behind()) {
        const chunk = read(at, Math.min(buffer.length, end - at))
        const next = at + chunk.length
        for (const sink of sinks.values()) {
          if (sink.at >= next) continue
          sink.hasher.update(chunk.subarray(sink.at - at))
          sink.at = next
        }
      }
      return behind()
    }

    return {
      readOn(end, whole) {
        if (whole) add('whole', 0)
        try {
          return readOn(end)
        } catch (error) {
          throw toFileError(`hash ${path}`, error)
        }
      },
      digest(sizeBytes) {
        const ended = (name: 'whole' | 'tensors'): Sha256 | undefined => {
          const sink = sinks.get(name)
          // Nothing behind the header: the digest of no bytes identifies nothing.
          const isNone = name === 'tensors' && sink?.from === sizeBytes
          return sink?.at === sizeBytes && !isNone ? sink.hasher.digest() : undefined
        }
        const sha256 = ended('whole')
        const tensorSha256 = ended('tensors') as string | undefined as TensorSha256 | undefined
        return { ...(sha256 && { sha256 }), ...(tensorSha256 && { tensorSha256 }) }
      },
      close: () => file.close(),
    }
  }
}
