/** A model file that may be handed out: what the index promises of it. */
export interface ServedModel {
  /** Real path, symlinks resolved. */
  readonly path: string
  readonly sizeBytes: number
  /** `mtime` in microseconds since the epoch, rounded down: with the size what the digests hold for. */
  readonly modifiedUs: number
  /** Of the whole file; lower-case hex. */
  readonly sha256: string
  /** Of what stands behind the safetensors header; lower-case hex. */
  readonly tensorSha256?: string | undefined
  /** Text from outside: anything may stand in it. */
  readonly filename: string
}

export interface ModelChunks {
  /** SHA-256 of each chunk, in order; lower-case hex. */
  readonly hashes: readonly string[]
  /** Of every chunk but the last, which may be shorter. */
  readonly chunkBytes: number
}

/** The models of this host, for whoever may fetch them. Exclusions and licences are applied here. */
export interface ModelSource {
  /**
   * By the SHA-256 of the file or of its tensors, 64 lower-case hex digits.
   * @throws AppError not_found, license_blocked, conflict (the file is no longer what was indexed)
   */
  find(hash: string): Promise<ServedModel>
  /**
   * The chunk hashes of a model; computes them where they are not stored, which takes as long as reading the file, once
   * however many ask.
   * @throws AppError conflict (the file changed), cancelled
   */
  chunks(model: ServedModel, signal: AbortSignal): Promise<ModelChunks>
  /** The same where they are stored; never computes. */
  storedChunks(model: ServedModel): Promise<ModelChunks | undefined>
}
