import type { Sha256, TensorSha256 } from '../hash/digest.ts'
import type { HashPool } from '../hash/pool.ts'
import type { StreamHasher } from '../hash/stream-hasher.ts'
import type { Blocks } from './blocks.ts'

export interface SavedHash {
  /** Bytes from the beginning that it covers. */
  readonly offset: number
  readonly state: Uint8Array
}

export interface FileHash {
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly hashedBy: 'wasm' | 'native'
}

/** SHA-256 over the part of a file that is there without a gap from its beginning, while it grows. */
export interface PrefixHash {
  /**
   * Takes bytes that were written, if they are just what comes next, and says when they may be used again. False: they
   * stay the caller's, and are read back from the file in their time.
   */
  offer(position: number, bytes: Uint8Array, release: () => void): boolean
  /** More of the file is there. */
  advance(): void
  /** The hash so far, where there is one. */
  save(): Promise<SavedHash | undefined>
  /** Of the whole file, which is there. @throws AppError cancelled, internal */
  finish(sizeBytes: number): Promise<FileHash>
  /** From the first byte again. */
  restart(): void
  dispose(): void
}

export interface PrefixHashDeps {
  readonly hashes: Pick<HashPool, 'createStreamHasher' | 'hashFile'>
  readonly blocks: Blocks
  readonly path: string
  read(position: number, buffer: Uint8Array): Promise<number>
  /** How much is there without a gap from the beginning. */
  prefix(): number
  readonly saved: SavedHash | undefined
  /** The digest of the tensors is wanted too, which only reading the whole file gives. */
  readonly tensor: boolean
  /** How far the hash may lag behind. */
  backlogBytes(): number
  readonly signal: AbortSignal
}

/** The native hasher reads files about so many times as fast. */
const NATIVE_SPEED = 6

export function createPrefixHash(deps: PrefixHashDeps): PrefixHash {
  const { hashes, blocks, signal } = deps
  let run = startRun(deps.tensor ? undefined : deps.saved)

  interface Run {
    /** Given to the hasher so far. */
    given: number
    busy: boolean
    native: boolean
    hasher: Promise<StreamHasher> | undefined
    onIdle: (() => void) | undefined
  }

  function startRun(saved: SavedHash | undefined): Run {
    return { given: saved?.offset ?? 0, busy: false, native: deps.tensor, hasher: undefined, onIdle: undefined }
  }

  /** The saved state is only looked at when there is something to hash: it may turn out to be none. */
  function open(of: Run): Promise<StreamHasher> {
    of.hasher ??= hashes.createStreamHasher({ restore: of.given === 0 ? undefined : deps.saved?.state, signal })
    return of.hasher
  }

  function goNative(of: Run): void {
    of.native = true
    of.hasher?.then((hasher) => hasher.dispose()).catch(() => {})
    of.hasher = undefined
  }

  async function feed(of: Run, bytes: Uint8Array): Promise<void> {
    try {
      const hasher = await open(of)
      of.given += bytes.length
      await hasher.update(bytes)
    } catch {
      // A worker that died, a state of another version: the file is still there to be read.
      goNative(of)
    }
  }

  /** Reads back what came out of order or while the hasher was busy. */
  async function catchUp(of: Run): Promise<void> {
    const block = blocks.take()
    try {
      while (!of.native && of === run && of.given < deps.prefix()) {
        if (deps.prefix() - of.given > deps.backlogBytes()) return goNative(of)
        const length = Math.min(block.length, deps.prefix() - of.given)
        const read = await deps.read(of.given, block.subarray(0, length))
        if (read === 0) return goNative(of)
        await feed(of, block.subarray(0, read))
      }
    } catch {
      goNative(of)
    } finally {
      blocks.give(block)
    }
  }

  function work(of: Run, job: () => Promise<void>): void {
    of.busy = true
    void job().finally(() => {
      of.busy = false
      if (of === run && !of.native && of.given < deps.prefix()) work(of, () => catchUp(of))
      else of.onIdle?.()
    })
  }

  const native = async (): Promise<FileHash> => {
    const found = await hashes.hashFile(deps.path, { engine: 'native', tensor: deps.tensor, signal })
    return { sha256: found.sha256, tensorSha256: found.tensorSha256, hashedBy: 'native' }
  }

  return {
    offer(position, bytes, release) {
      const of = run
      if (of.native || of.busy || position !== of.given) return false
      work(of, async () => {
        await feed(of, bytes)
        release()
      })
      return true
    },
    advance() {
      if (!run.native && !run.busy && run.given < deps.prefix()) work(run, () => catchUp(run))
    },
    async save() {
      const { hasher: opened, given } = run
      if (run.native || given === 0) return undefined
      if (opened === undefined) return deps.saved
      try {
        const hasher = await opened
        const offset = run.given
        return { offset, state: await hasher.save() }
      } catch {
        return undefined
      }
    },
    async finish(sizeBytes) {
      const of = run
      if ((sizeBytes - of.given) * NATIVE_SPEED > sizeBytes && sizeBytes - of.given > deps.backlogBytes() / 16)
        goNative(of)
      if (!of.native && (of.busy || of.given < sizeBytes)) {
        await new Promise<void>((resolve) => {
          of.onIdle = resolve
          if (!of.busy) work(of, () => catchUp(of))
        })
      }
      signal.throwIfAborted()
      if (of.native || of.given !== sizeBytes) return await native()
      try {
        const digest = await (await open(of)).digest()
        if (digest.sizeBytes === sizeBytes) return { sha256: digest.sha256, tensorSha256: undefined, hashedBy: 'wasm' }
      } catch {
        signal.throwIfAborted()
      }
      return await native()
    },
    restart() {
      goNative(run)
      run = startRun(undefined)
    },
    dispose() {
      goNative(run)
    },
  }
}
