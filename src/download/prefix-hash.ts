import type { Sha256, TensorSha256 } from '../hash/digest.ts'
import type { FileFollower } from '../hash/file-follower.ts'
import type { HashPool } from '../hash/pool.ts'
import { type RunningHash, type RunningHashDeps, type SavedHash, startRunningHash } from './running-hash.ts'

export interface FileHash {
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly hashedBy: 'wasm' | 'native'
}

/**
 * The digests of a file, over the part of it that is there without a gap from its beginning, while it grows. That of the
 * whole comes from a running hash whose state can be saved; where the line outruns that, from a native one that reads
 * the file behind the connections, from its first byte. That of the tensors, of which no state is kept, is always native.
 */
export interface PrefixHash extends Pick<RunningHash, 'offer' | 'advance' | 'save' | 'dispose'> {
  /** Of the whole file, which is there. @throws AppError cancelled, internal */
  finish(sizeBytes: number): Promise<FileHash>
  /** From the first byte again. */
  restart(): void
}

export interface PrefixHashDeps extends RunningHashDeps {
  readonly hashes: Pick<HashPool, 'createStreamHasher' | 'followFile' | 'hashFile'>
  readonly path: string
  readonly saved: SavedHash | undefined
  /**
   * The digest of the tensors has to be told. Else it comes along where it costs no reading of what an earlier run left,
   * and the line is not so fast that the file would be there later for it.
   */
  readonly tensor: boolean
}

/** Of files that are there sooner nothing is read before the end. */
const FOLLOWED_FROM_BYTES = 4 * 2 ** 20
/** Hashed in some hundredths of a second. */
const LITTLE_BYTES = 64 * 2 ** 20

interface Run {
  readonly running: RunningHash
  whole: FileFollower<'whole'> | undefined
  tensors: FileFollower<'tensors'> | undefined
  /** The running hash is lost. */
  native: boolean
  ended: boolean
  /** All of it is read anyway, or has to be. */
  readonly fresh: boolean
}

export function createPrefixHash(deps: PrefixHashDeps): PrefixHash {
  const { hashes, path, signal } = deps
  let run = startRun(deps.saved)

  function startRun(saved: SavedHash | undefined): Run {
    const onLost = (): void => {
      started.native = true
      follow(started)
    }
    const running = startRunningHash(deps, saved, onLost)
    const fresh = saved === undefined || deps.tensor
    const started: Run = { running, whole: undefined, tensors: undefined, native: false, ended: false, fresh }
    return started
  }

  function wholeOf(of: Run): FileFollower<'whole'> {
    of.whole ??= hashes.followFile(path, 'whole', signal)
    return of.whole
  }

  function tensorsOf(of: Run): FileFollower<'tensors'> {
    of.tensors ??= hashes.followFile(path, 'tensors', signal)
    return of.tensors
  }

  function follow(of: Run): void {
    const there = deps.prefix()
    if (of.ended || there < FOLLOWED_FROM_BYTES) return
    try {
      if (of.native) wholeOf(of).advance(there)
      if (deps.tensor || (readsAll(of) && of.running.hasTime())) tensorsOf(of).advance(there)
    } catch {
      // No worker can be started: that comes out in the end.
    }
  }

  const readsAll = (of: Run): boolean => of.native || of.fresh

  /** Of those that nobody asked for only what is nearly there by itself. */
  const tensorsWanted = (of: Run, sizeBytes: number): boolean =>
    deps.tensor || (readsAll(of) && sizeBytes - (of.tensors?.readTo() ?? 0) <= LITTLE_BYTES)

  function end(of: Run): void {
    of.ended = true
    of.running.dispose()
    of.whole?.dispose()
    of.tensors?.dispose()
  }

  async function finish(of: Run, sizeBytes: number): Promise<FileHash> {
    const running = of.running.finish(sizeBytes)
    const whole = async (): Promise<Sha256 | undefined> => (await running) ?? (await wholeOf(of).digest(sizeBytes))
    const tensors = async (): Promise<TensorSha256 | undefined> => {
      if (!of.fresh) await running
      if (tensorsWanted(of, sizeBytes)) return await tensorsOf(of).digest(sizeBytes)
      of.tensors?.dispose()
      return undefined
    }
    const [sha256, tensorSha256] = await Promise.allSettled([whole(), tensors()])
    signal.throwIfAborted()
    const hashedBy = (await running) === undefined ? 'native' : 'wasm'
    const read = tensorSha256.status === 'fulfilled'
    if (sha256.status === 'fulfilled' && sha256.value !== undefined && (read || !deps.tensor)) {
      return { sha256: sha256.value, tensorSha256: read ? tensorSha256.value : undefined, hashedBy }
    }
    const found = await hashes.hashFile(path, { engine: 'native', tensor: true, signal })
    return { sha256: found.sha256, tensorSha256: found.tensorSha256, hashedBy: 'native' }
  }

  return {
    offer: (position, bytes, release) => run.running.offer(position, bytes, release),
    advance() {
      run.running.advance()
      follow(run)
    },
    save: () => run.running.save(),
    finish: (sizeBytes) => finish(run, sizeBytes),
    restart() {
      end(run)
      run = startRun(undefined)
    },
    dispose: () => end(run),
  }
}
