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
 * whole comes from a running hash that can be saved; where that is outrun, from a native one that reads the file behind
 * the connections, from its first byte. That of the tensors, which no state is kept of, always comes from there.
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
   * The digest of the tensors has to be told. Else it comes along where it costs no reading of what an earlier run left.
   */
  readonly tensor: boolean
}

/** What is read by a native hasher before the end of the file. */
const FOLLOWED_FROM_BYTES = 4 * 2 ** 20

interface Run {
  readonly running: RunningHash
  follower: FileFollower | undefined
  /** The running hash is lost. */
  native: boolean
  /** All of the file passes the follower anyway. */
  readonly fresh: boolean
}

export function createPrefixHash(deps: PrefixHashDeps): PrefixHash {
  const { hashes, path, signal } = deps
  let run = startRun(deps.saved)

  function startRun(saved: SavedHash | undefined): Run {
    const onLost = (): void => {
      started.native = true
      started.follower?.addWhole()
      if (started === run) follow(started)
    }
    const started: Run = {
      ...{
        running: startRunningHash(deps, saved, onLost),
        follower: undefined,
        native: false,
        fresh: saved === undefined,
      },
    }
    return started
  }

  function open(of: Run): FileFollower {
    if (of.follower !== undefined) return of.follower
    of.follower = hashes.followFile(path, { signal })
    if (of.native) of.follower.addWhole()
    return of.follower
  }

  function follow(of: Run): void {
    const there = deps.prefix()
    if (!(of.native || of.fresh || deps.tensor) || there < FOLLOWED_FROM_BYTES) return
    try {
      open(of).advance(there)
    } catch {
      // No worker could be started: the end is told.
    }
  }

  function end(of: Run): void {
    of.running.dispose()
    of.follower?.dispose()
  }

  async function finish(of: Run, sizeBytes: number): Promise<FileHash> {
    const found = await of.running.finish(sizeBytes)
    signal.throwIfAborted()
    of.native = found === undefined
    if (found !== undefined && !of.fresh && !deps.tensor) return { ...NO_TENSORS, sha256: found, hashedBy: 'wasm' }
    try {
      const follower = open(of)
      const { sha256 = found, tensorSha256 } = await follower.digest(sizeBytes)
      if (sha256 !== undefined) return { sha256, tensorSha256, hashedBy: found === undefined ? 'native' : 'wasm' }
    } catch {
      signal.throwIfAborted()
    }
    if (found !== undefined && !deps.tensor) return { ...NO_TENSORS, sha256: found, hashedBy: 'wasm' }
    const { sha256, tensorSha256 } = await hashes.hashFile(path, { engine: 'native', tensor: true, signal })
    return { sha256, tensorSha256, hashedBy: 'native' }
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

const NO_TENSORS = { tensorSha256: undefined } as const
