import type { Db } from '../db/db.ts'
import type { Meter } from '../http/metrics.ts'

/** A database that tells how long its writes take. */
export const countedDb = (db: Db, meter: Pick<Meter, 'observeWrite'>): Db => ({
  ...db,
  async write(fn, options) {
    const began = performance.now()
    const value = await db.write(fn, options)
    meter.observeWrite((performance.now() - began) / 1000)
    return value
  },
})
