import type { HashPool } from '../hash/pool.ts'
import type { Meter } from '../http/metrics.ts'

/** A pool that tells of the streams that it hashed; of files the pool itself knows how long it took. */
export function countedHashes(pool: HashPool, meter: Pick<Meter, 'observeHash'>): HashPool {
  return {
    ...pool,
    async createStreamHasher(options) {
      const hasher = await pool.createStreamHasher(options)
      let seconds = 0
      const timed = async <T>(work: Promise<T>): Promise<T> => {
        const began = performance.now()
        try {
          return await work
        } finally {
          seconds += (performance.now() - began) / 1000
        }
      }
      return {
        ...hasher,
        update: (chunk) => timed(hasher.update(chunk)),
        async digest() {
          const digest = await timed(hasher.digest())
          meter.observeHash('wasm', digest.sizeBytes, seconds)
          return digest
        },
      }
    },
  }
}
