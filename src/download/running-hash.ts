import type { Sha256 } from '../hash/digest.ts'
import type { HashPool } from '../hash/pool.ts'
import type { StreamHasher } from '../hash/stream-hasher.ts'
import type { Blocks } from './blocks.ts'
import { createHashRace, type HashRaceDeps } from './hash-race.ts'

export interface SavedHash {
  /** Bytes from the beginning that it covers. */
  readonly offset: number
  readonly state: Uint8Array
}

/**
 * The SHA-256 of a growing file whose state can be saved, by WebAssembly. Once it is lost (outrun by the line, a worker
 * that died, a state of another version) it stays so.
 */
export interface RunningHash {
  /**
   * Takes bytes that were written, if they are just what comes next, and says when they may be used again. False: they
   * stay the caller's, and are read back from the file in their time.
   */
  offer(position: number, bytes: Uint8Array, release: () => void): boolean
  /** As HashRace. */
  hasTime(): boolean
  /** More of the file is there. */
  advance(): void
  /** The hash so far, where there is one. */
  save(): Promise<SavedHash | undefined>
  /** Of the whole file, which is there; undefined where the hash is lost, or would take longer than a native one. */
  finish(sizeBytes: number): Promise<Sha256 | undefined>
  dispose(): void
}

export interface RunningHashDeps extends HashRaceDeps {
  readonly hashes: Pick<HashPool, 'createStreamHasher'>
  readonly blocks: Blocks
  read(position: number, buffer: Uint8Array): Promise<number>
  /** How much is there without a gap from the beginning. */
  prefix(): number
  readonly signal: AbortSignal
}

/** @param onLost called at most once, and not when it is disposed of */
export function startRunningHash(deps: RunningHashDeps, saved: SavedHash | undefined, onLost: () => void): RunningHash {
  const { hashes, blocks, signal } = deps
  /** Given to the hasher so far. */
  let given = saved?.offset ?? 0
  let busy = false
  let lost = false
  const race = createHashRace(deps)
  let hasher: Promise<StreamHasher> | undefined
  let ending: Promise<void> | undefined
  let onIdle: (() => void) | undefined

  /** The saved state is only looked at when there is something to hash: it may turn out to be none. */
  function open(): Promise<StreamHasher> {
    hasher ??= hashes.createStreamHasher({ restore: given === 0 ? undefined : saved?.state, signal })
    return hasher
  }

  function end(): void {
    lost = true
    ending = hasher?.then(
      (opened) => opened.dispose(),
      () => {},
    )
    hasher = undefined
  }

  function lose(): void {
    if (lost) return
    end()
    // Its thread is free then for what comes in its place.
    void Promise.resolve(ending).then(onLost)
  }

  async function feed(bytes: Uint8Array): Promise<void> {
    try {
      const opened = await open()
      const began = performance.now()
      given += bytes.length
      await opened.update(bytes)
      race.hashed(bytes.length, performance.now() - began)
    } catch {
      // The file is still there to be read.
      lose()
    }
  }

  /** Reads back what came out of order or while the hasher was busy. */
  async function catchUp(): Promise<void> {
    const block = blocks.take()
    try {
      while (!lost && given < deps.prefix()) {
        if (race.isLost(given)) return lose()
        const length = Math.min(block.length, deps.prefix() - given)
        const read = await deps.read(given, block.subarray(0, length))
        if (read === 0) return lose()
        if (!lost) await feed(block.subarray(0, read))
      }
    } catch {
      lose()
    } finally {
      blocks.give(block)
    }
  }

  function work(job: () => Promise<void>): void {
    busy = true
    void job().finally(() => {
      busy = false
      if (!lost && given < deps.prefix()) work(catchUp)
      else onIdle?.()
    })
  }

  return {
    offer(position, bytes, release) {
      if (lost || busy || position !== given) return false
      work(async () => {
        await feed(bytes)
        release()
      })
      return true
    },
    hasTime: race.hasTime,
    advance() {
      race.begin()
      if (!lost && !busy && given < deps.prefix()) work(catchUp)
    },
    async save() {
      if (lost || given === 0) return undefined
      if (hasher === undefined) return saved
      try {
        const opened = await hasher
        const offset = given
        return { offset, state: await opened.save() }
      } catch {
        return undefined
      }
    },
    async finish(sizeBytes) {
      if (race.isLostAtEnd(sizeBytes, given)) lose()
      if (!lost && (busy || given < sizeBytes)) {
        await new Promise<void>((resolve) => {
          onIdle = resolve
          if (!busy) work(catchUp)
        })
      }
      await ending
      if (lost || given !== sizeBytes) return undefined
      try {
        const digest = await (await open()).digest()
        return digest.sizeBytes === sizeBytes ? digest.sha256 : undefined
      } catch {
        return undefined
      }
    },
    dispose: end,
  }
}
