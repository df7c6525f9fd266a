import type { HashPool } from '../hash/pool.ts'
import type { HashEngine } from '../hash/whole-file.ts'

/** A pool that tells how many bytes were hashed by what: the metrics count them. */
export function countedHashes(pool: HashPool, count: (engine: HashEngine, bytes: number) => void): HashPool {
  return {
    ...pool,
    async hashFile(path, options) {
      const digest = await pool.hashFile(path, options)
      count(digest.engine, digest.sizeBytes)
      return digest
    },
    async createStreamHasher(options) {
      const hasher = await pool.createStreamHasher(options)
      return {
        ...hasher,
        async digest() {
          const digest = await hasher.digest()
          count('wasm', digest.sizeBytes)
          return digest
        },
      }
    },
  }
}
