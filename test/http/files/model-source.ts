import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError } from '../../../src/errors.ts'
import type { ModelChunks, ModelSource, ServedModel } from '../../../src/http/files/model-source.ts'
import type { FileServing } from '../../../src/http/files/routes.ts'

/** What a test host serves; crosses to another process as JSON. */
export interface TestModels {
  readonly models: readonly ServedModel[]
  readonly chunkBytes?: number
  readonly connections?: number
  readonly bandwidth?: number
  /** Digests that a licence keeps here. */
  readonly blocked?: readonly string[]
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A source over a fixed list; chunk hashes are computed when they are first asked for. */
export function aModelSource(options: TestModels): FileServing {
  const { models, chunkBytes = 4 * 2 ** 20, connections = 16, bandwidth = 0, blocked = [] } = options
  const stored = new Map<string, ModelChunks>()
  const source: ModelSource = {
    async find(hash) {
      const model = models.find((one) => one.sha256 === hash || one.tensorSha256 === hash)
      if (model === undefined) throw new AppError('not_found', 'No model with this digest is served')
      if (blocked.includes(model.sha256)) throw new AppError('license_blocked', 'Its licence keeps this model here')
      return model
    },
    async chunks(model) {
      const known = stored.get(model.sha256)
      if (known !== undefined) return known
      const bytes = await readFile(model.path)
      const count = Math.ceil(bytes.byteLength / chunkBytes)
      const hashes = Array.from({ length: count }, (_, at) =>
        sha256(bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes)),
      )
      const chunks = { hashes, chunkBytes }
      stored.set(model.sha256, chunks)
      return chunks
    },
    storedChunks: async (model) => stored.get(model.sha256),
  }
  return { source, connections, bandwidth }
}
