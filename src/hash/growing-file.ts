import type { Sha256, TensorSha256 } from './digest.ts'
import { BUFFER_BYTES } from './file-pass.ts'
import type { Sha256Hasher } from './native.ts'
import { fill, openRegularFile, toFileError } from './regular-file.ts'
import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from './safetensors.ts'

/** The digest of all of a file, and that of what a safetensors has behind its header. */
export interface FollowedDigests {
  whole: Sha256
  tensors: TensorSha256
}

export type FollowedPart = keyof FollowedDigests

/** The digest of a file that somebody is still writing. Blocks while it reads, so it is for workers. */
export interface GrowingFile {
  /**
   * Reads on up to `end`, which must be there, and says up to where it has what is wanted: Infinity where nothing is, as
   * of the tensors of a file that is no safetensors.
   * @throws AppError internal (shorter than told, unreadable)
   */
  readOn(end: number): number
  /** Undefined where it was not read to its end, or there are no tensors. Ends the hash. */
  digest(sizeBytes: number): Sha256 | undefined
  close(): void
}

/** @throws AppError not_found, forbidden, invalid_input (no regular file), internal */
export type OpenGrowingFile = (path: string, part: FollowedPart) => GrowingFile

export function createGrowingFiles(create: () => Sha256Hasher): OpenGrowingFile {
  const buffer = new Uint8Array(BUFFER_BYTES)

  return (path, part) => {
    const file = openRegularFile(path, false)
    const hasher = create()
    let from = part === 'whole' ? 0 : undefined
    let at = 0

    function read(position: number, length: number): Uint8Array {
      if (fill(file.fd, buffer, length, position) < length) throw new Error(`${path} is shorter than what was written`)
      return buffer.subarray(0, length)
    }

    function readOn(end: number): number {
      if (from === undefined) {
        if (end < SHORTEST_SAFETENSORS) return end
        const first = read(0, SHORTEST_SAFETENSORS)
        from = safetensorsDataOffset(first, Number.POSITIVE_INFINITY) ?? Number.POSITIVE_INFINITY
        at = from
      }
      while (at < end) {
        const chunk = read(at, Math.min(buffer.length, end - at))
        hasher.update(chunk)
        at += chunk.length
      }
      return at
    }

    return {
      readOn(end) {
        try {
          return readOn(end)
        } catch (error) {
          throw toFileError(`hash ${path}`, error)
        }
      },
      digest(sizeBytes) {
        // Of a header with nothing behind it the digest would be that of no bytes, which identifies nothing.
        const isNone = part === 'tensors' && from === sizeBytes
        return from !== undefined && at === sizeBytes && !isNone ? hasher.digest() : undefined
      },
      close: file.close,
    }
  }
}
