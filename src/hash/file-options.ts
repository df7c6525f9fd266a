import type { HashTime } from './file-pass.ts'
import type { HashEngine } from './whole-file.ts'

/** What all that a pool reads of files has in common. */
export interface ReadFileOptions {
  /** `wasm` is about eight times as slow and gives the same digest. @default 'native' */
  readonly engine?: HashEngine | undefined
  /** The path is real: what symlinks have made of it since is refused with `forbidden`. @default false */
  readonly exact?: boolean | undefined
  /**
   * Slot of the device (0 to DEVICE_SLOTS - 1): files with the same one are read by one worker at a time, 4 MiB in each
   * turn, and hashed at the same time. A worker that hangs holds the others up for a second. @default no turns
   */
  readonly turns?: number | undefined
  /** Ends the reading between two buffers; the promise rejects when nothing of it is left. */
  readonly signal?: AbortSignal | undefined
  /** About ten times a second, and once with the whole size at the end. Bytes are those of the range, if there is one. */
  readonly onProgress?: ((bytesDone: number, bytesTotal: number, time: HashTime) => void) | undefined
}

export interface HashFileOptions extends ReadFileOptions {
  /** Also the digest of a safetensors' tensors, in the same pass; about twice the work. @default false */
  readonly tensor?: boolean | undefined
  /** Also what `sampleOf` gives, of the same bytes; costs nothing. @default false */
  readonly sample?: boolean | undefined
  /** Also the BLAKE3, in the same pass; about four times the work. @default false */
  readonly blake3?: boolean | undefined
  /** Also the CRC-32, in the same pass; costs little. @default false */
  readonly crc32?: boolean | undefined
}

export interface HashChunksOptions extends ReadFileOptions {
  /** Bytes of every chunk but the last; at most 2^20 chunks. */
  readonly chunkBytes: number
}

export interface HashRangeOptions extends ReadFileOptions {
  /** First byte. */
  readonly begin: number
  /** Behind the last byte. */
  readonly end: number
}
