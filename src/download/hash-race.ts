/** Whether a running hash, as slow as it is, can go on: it may not hold the file up. */
export interface HashRace {
  /** Bytes come in from now on. */
  begin(): void
  hashed(bytes: number, ms: number): void
  /** Whether the hash, which has got so far, would end later than the line by more than it may. */
  isLost(hashedTo: number): boolean
  /** Whether it is clear that the line leaves a native hasher the time to read all of it once more. */
  hasTime(): boolean
  /** The same when all of the file is there, against a native hasher that has all of it before itself. */
  isLostAtEnd(sizeBytes: number, hashedTo: number): boolean
}

export interface HashRaceDeps {
  /** Of the whole file, where that is known. */
  sizeBytes(): number | undefined
  /** Bytes that are there, those of earlier runs included. */
  written(): number
  /** How much longer than the line the hash may take. */
  readonly lagMs: number
}

/** What has to be hashed before it is clear how fast that goes. */
const EVIDENCE_BYTES = 8 * 2 ** 20

/** The native hasher reads files about so many times as fast. */
const NATIVE_SPEED = 6
/** A line that brings more than so many times what the hash takes leaves it none. */
const FAST_LINE = 2
/** What is hashed in the end whatever is faster: some hundredths of a second. */
const LITTLE_BYTES = 8 * 2 ** 20

export function createHashRace({ sizeBytes, written, lagMs }: HashRaceDeps): HashRace {
  const before = written()
  let since = Number.NaN
  let bytes = 0
  let ms = 0
  return {
    begin() {
      if (Number.isNaN(since)) since = performance.now()
    },
    hashed(more, took) {
      bytes += more
      ms += took
    },
    isLost(hashedTo) {
      const size = sizeBytes()
      if (size === undefined || bytes < EVIDENCE_BYTES) return false
      const lineMs = ((size - written()) * (performance.now() - since)) / (written() - before)
      const hashMs = ((size - hashedTo) * ms) / bytes
      return hashMs > lineMs + lagMs
    },
    hasTime() {
      if (bytes < EVIDENCE_BYTES) return false
      const lineMs = performance.now() - since
      return (written() - before) * ms <= FAST_LINE * bytes * lineMs
    },
    isLostAtEnd(size, hashedTo) {
      const left = size - hashedTo
      return left > LITTLE_BYTES && left * NATIVE_SPEED > size
    },
  }
}
