import type { Sha256, TensorSha256 } from '../hash/digest.ts'
import type { FileSource } from '../net/file-source.ts'

/** What the file has to be. Whatever is known here is checked before the file gets its name. */
export interface ExpectedFile {
  readonly sizeBytes?: number | undefined
  readonly sha256?: Sha256 | undefined
  /** Of the bytes behind a safetensors header. */
  readonly tensorSha256?: TensorSha256 | undefined
}

export interface DownloadRequest {
  /** Absolute path of the final name, in a folder that exists. Nothing else ever stands under it. */
  readonly target: string
  /** All have the same file; the best first. */
  readonly sources: readonly FileSource[]
  readonly expected: ExpectedFile
  /** Asked once when the bytes are not what was expected: files get replaced upstream. */
  readonly refreshExpected?: ((signal: AbortSignal) => Promise<ExpectedFile>) | undefined
  /** Larger files are refused (reason `size`) as soon as the size is known. */
  readonly maxSizeBytes?: number | undefined
  readonly signal: AbortSignal
  /** At most ten times a second. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
}

export interface DownloadProgress {
  readonly phase: 'opening' | 'downloading' | 'verifying'
  readonly bytesDone: number
  readonly bytesTotal: number | undefined
  /** Over the last seconds; 0 while nothing comes. */
  readonly bytesPerSecond: number
  readonly connections: number
}

export interface DownloadedFile {
  readonly path: string
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly sizeBytes: number
  /** `native`: the line outran WebAssembly, the file was verified from disk. */
  readonly hashedBy: 'wasm' | 'native'
  /** Received in this run; the rest was there already. */
  readonly fetchedBytes: number
  /** Received from each source, by its id. */
  readonly bytesBySource: Readonly<Record<string, number>>
}

/**
 * Makes it so that `target` is the file: goes on with what an earlier run left in `<target>.part`, verifies, and gives it
 * its name without ever overwriting anything. Where the file is there already and is the one expected, nothing is
 * fetched.
 * @throws SourceRefused; AppError checksum_mismatch (twice: names both digests; the bytes stay in quarantine), conflict
 * (another file has the name), disk_full, not_found, rate_limited, upstream_unavailable (no source is left), cancelled
 */
export type FetchFile = (request: DownloadRequest) => Promise<DownloadedFile>
