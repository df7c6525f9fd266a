import type { LocalFiles } from '../access/local-files.ts'
import type { CivitaiClient } from '../civitai/client.ts'
import type { Audit } from '../db/audit.ts'
import type { Db } from '../db/db.ts'
import type { HashPool } from '../hash/pool.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { S3Reader } from '../net/s3.ts'
import type { Actor } from '../operation/permission.ts'
import type { ReadMediaRecord } from './media-record.ts'
import type { FindNames } from './named-models.ts'

/** What tracking needs of the rest; each factory takes the part it uses. */
export interface TrackDeps {
  readonly db: Db
  readonly audit: Audit
  readonly clock: Clock
  readonly log: Log
  /** The Civitai account that recorded posts belong to. */
  readonly account: string
  readonly localFiles: LocalFiles
  readonly hashPool: Pick<HashPool, 'hashFile' | 'createStreamHasher'>
  readonly fetch: GuardedFetch
  /** Hosts that callers with a token may have fetched from; the owner may name any. */
  readonly allowedHosts: readonly string[]
  readonly s3: S3Reader
  /** Buckets that callers with a token may have read; the owner may name any. */
  readonly allowedBuckets: readonly string[]
  readonly civitai: CivitaiClient
  /** The Civitai key that the caller may use, if any. */
  readonly civitaiToken: (actor: Actor) => Promise<string | undefined>
  /** Reads what a media file's own metadata say; without it no models are linked and no prompt is recorded. */
  readonly readMediaRecord?: ReadMediaRecord | undefined
  /** What files of this host are called that have a digest; without it links that know a name alone are not found by one. */
  readonly findNames?: FindNames | undefined
  /** For fetched media that are too large to be held while their metadata are read. */
  readonly tempDir: string
}
