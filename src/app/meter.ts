import type { Meter } from '../http/metrics.ts'

/** Where the program's parts count, from their beginning on; what counts is there once something listens. */
export interface LateMeter extends Meter {
  connect(meter: Meter): void
}

export function createMeter(): LateMeter {
  let meter: Meter | undefined
  return {
    connect(to) {
      meter = to
    },
    observeHash: (...observed) => meter?.observeHash(...observed),
    observeFetch: (...observed) => meter?.observeFetch(...observed),
    addFetchedBytes: (...added) => meter?.addFetchedBytes(...added),
    observeJob: (...observed) => meter?.observeJob(...observed),
    observeWrite: (...observed) => meter?.observeWrite(...observed),
  }
}
