import type { Part } from './part.ts'
import type { PrefixHash } from './prefix-hash.ts'
import type { DownloadTuning } from './tuning.ts'

/** Makes what was written durable from time to time, once at a time. */
export interface Syncer {
  sync(): void
  /** To be told often. */
  tick(now: number): void
  /** When nothing is under way. */
  settled(): Promise<void>
}

export interface SyncerDeps {
  readonly part: Part
  readonly hash: PrefixHash
  readonly tuning: Pick<DownloadTuning, 'syncEveryMs'>
  onError(error: unknown): void
}

export function createSyncer({ part, hash, tuning, onError }: SyncerDeps): Syncer {
  let syncing: Promise<void> | undefined
  let syncedAt = performance.now()

  function sync(): void {
    syncing ??= part
      .sync(hash.save)
      .catch(onError)
      .finally(() => {
        syncing = undefined
        syncedAt = performance.now()
      })
  }
  return {
    sync,
    tick(now) {
      if (part.unsynced() > 0 && now - syncedAt >= tuning.syncEveryMs) sync()
    },
    settled: async () => {
      await syncing
    },
  }
}
