import { truncate } from 'node:fs/promises'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { drizzle } from 'drizzle-orm/libsql/sqlite3'
import { AppError, isAppError } from '../errors.ts'
import { type Log, silentLog } from '../lib/log.ts'
import { writeBackup } from './backup.ts'
import { copyDatabase } from './copy.ts'
import { isLost, translateDbError, unreachableIn } from './db-error.ts'
import { BUSY_TIMEOUT_MS, connectFile, makeRoomForReplica, refuseReplica } from './file.ts'
import { LateClient } from './late-client.ts'
import { type Primary, parseLocation } from './location.ts'
import { applyMigrations, type Migration } from './migrate.ts'
import { connectPrimary, TRY_AGAIN } from './remote.ts'
import type { Replica } from './replica.ts'
import { TransactionClient } from './transaction-client.ts'
import { createWriteQueue, type WriteOptions } from './write-queue.ts'

/** drizzle without the methods that change rows. */
export type ReadDb = Pick<
  LibSQLDatabase,
  'select' | 'selectDistinct' | '$count' | '$with' | 'with' | 'all' | 'get' | 'values'
>
/** drizzle without transactions of its own: it runs inside one. */
export type WriteDb = Omit<LibSQLDatabase, 'transaction' | 'batch' | 'run'>

export interface Db {
  /**
   * Connects and brings the schema up to date. Nothing else works before.
   * @throws AppError conflict (written by a newer airkeep, or a file that is another's), invalid_input (no libSQL URL),
   * internal, upstream_unavailable
   */
  open(): Promise<void>
  readonly read: ReadDb
  /** For statements prepared once at start; they run inside {@link write} only. */
  readonly writer: WriteDb
  /**
   * Runs `fn` in one write transaction, grouped with others that wait; resolves after the commit.
   * Await nothing but SQL in it, and keep it free of side effects: it may run twice.
   * Reads that follow see what was written, a replica's too.
   * @throws AppError disk_full, upstream_unavailable (a remote database), and what `fn` throws
   */
  write<T>(fn: (tx: WriteDb) => Promise<T>, options?: WriteOptions): Promise<T>
  /**
   * Copies the whole database, as it is committed now, into one new file at the absolute `path`; answers its bytes.
   * Writes go on meanwhile, except on a network filesystem, where they wait.
   * @throws AppError invalid_input (the database is not embedded), and as {@link writeBackup} does
   */
  backup(path: string): Promise<number>
  /** Waits for writes, folds the WAL into the file, closes. */
  close(): Promise<void>
}

export interface OpenDbOptions {
  /** libSQL URL: `file:/path`, `http(s)://`, `libsql://`, `ws(s)://`. */
  readonly url: string
  readonly authToken?: string | undefined
  /** The file is a replica of the database there. */
  readonly syncUrl?: string | undefined
  readonly migrations: () => Promise<readonly Migration[]>
  /** `delete` on network filesystems, where WAL's shared memory does not work. */
  readonly journal: () => Promise<'wal' | 'delete'>
  /** `normal`: a power cut may lose the last commits, a crash may not. `full`: neither. */
  readonly synchronous: 'normal' | 'full'
  /** Where a copy goes before a migration changes a database with rows in it. */
  readonly backupDir: string
  /** Sees every statement that reads. */
  readonly onRead?: (sql: string) => void
  readonly log?: Log
  /** Starts `keepReplica` in a process of its own; only where `syncUrl` is given. */
  readonly replicaCommand?: readonly string[]
  /** Milliseconds between syncs of a replica that nobody asked for. */
  readonly syncEveryMs?: number
  /** Milliseconds that a request to a remote database may take. */
  readonly answerWithinMs?: number
}

const isEmbedded = (url: string): boolean => /^file:/i.test(url)

/** Wires the parts; connects at {@link Db.open} only, so that operations can be described without a database. */
export function createDb(options: OpenDbOptions): Db {
  const embedded = isEmbedded(options.url) && options.syncUrl === undefined
  const readClient = new LateClient(options.onRead)
  const writeClient = new LateClient()
  const adapter = new TransactionClient()
  const writer = drizzle(adapter) as WriteDb
  const queue = createWriteQueue(writeClient, adapter)
  let journal: 'wal' | 'delete' = 'wal'
  let replica: Replica | undefined

  async function openFile(url: string): Promise<void> {
    refuseReplica(url)
    writeClient.connect(connectFile(url, 1))
    readClient.connect(connectFile(url, 4))
    journal = await options.journal()
    await writeClient.execute(`PRAGMA journal_mode=${journal}`)
    await writeClient.execute(`PRAGMA synchronous=${options.synchronous}`)
    await applyMigrations(writeClient, await options.migrations(), options.backupDir)
  }

  async function openPrimary(primary: Primary): Promise<void> {
    const { answerWithinMs } = options
    writeClient.connect(await connectPrimary(primary, answerWithinMs))
    try {
      await applyMigrations(writeClient, await options.migrations(), undefined)
    } catch (error) {
      throw namingAddress(error, primary)
    }
    // Reads have connections of their own: many of them must not hold up a write.
    readClient.connect(await connectPrimary(primary, answerWithinMs))
  }

  async function openReplica(url: string, primary: Primary): Promise<void> {
    makeRoomForReplica(url)
    if ((await options.journal()) !== 'wal') {
      throw new AppError('invalid_input', 'A replica cannot be on a network filesystem', {
        hint: 'Name a file on a local disk in AIRKEEP_DB, or leave AIRKEEP_DB_SYNC_URL out and set AIRKEEP_DB to its value',
      })
    }
    await openPrimary(primary)
    readClient.close()
    const { replicaCommand: command = [], log = silentLog, syncEveryMs: everyMs, answerWithinMs } = options
    const { createReplica } = await import('./replica.ts')
    const started = createReplica({ url, primary, command, log, everyMs, answerWithinMs })
    await started.start()
    replica = started
    readClient.connect(connectFile(url, 4))
  }

  return {
    read: drizzle(readClient),
    writer,
    async open() {
      try {
        const location = parseLocation(options)
        if (location.kind === 'file') await openFile(location.url)
        else if (location.kind === 'remote') await openPrimary(location.primary)
        else await openReplica(location.url, location.primary)
      } catch (error) {
        readClient.close()
        writeClient.close()
        await replica?.close()
        throw translateDbError(error)
      }
    },
    async write(fn, writeOptions) {
      try {
        const value = await queue.write(() => fn(writer), writeOptions)
        await replica?.caughtUp()
        return value
      } catch (error) {
        // A refusal too tells of rows that the caller may look for next.
        if (!isLost(error)) await replica?.caughtUp()
        throw translateDbError(error)
      }
    },
    async backup(path) {
      if (!embedded) {
        throw new AppError('invalid_input', 'Only a database in the data directory can be backed up from here', {
          hint: 'Back up the libSQL server that AIRKEEP_DB or AIRKEEP_DB_SYNC_URL names, by its own means',
        })
      }
      return writeBackup(path, (to) => {
        const copy = async (): Promise<void> => {
          // A write may run twice.
          await truncate(to)
          await copyDatabase({ url: options.url, to, busyTimeoutMs: BUSY_TIMEOUT_MS })
        }
        // Without a WAL a reader keeps writers from committing: they wait in the queue instead of inside the addon.
        return journal === 'wal' ? copy() : queue.write(copy)
      })
    },
    async close() {
      await queue.drain()
      if (!writeClient.connected) return
      try {
        // Does nothing where the journal is no WAL.
        if (embedded) await writeClient.execute('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch (error) {
        // All that was committed stays in the WAL, where the next start finds it.
        const reason = translateDbError(error)
        if (!isAppError(reason) || reason.code !== 'disk_full') throw reason
        options.log?.warn({ err: error }, 'Could not fold the write-ahead log into the database: the disk is full')
      } finally {
        readClient.close()
        writeClient.close()
        await replica?.close()
      }
    },
  }
}

const START_IT = 'Start the database server, or check the address in AIRKEEP_DB or AIRKEEP_DB_SYNC_URL'

/** At the start whoever reads the error is the one who named the address. */
function namingAddress(error: unknown, { url }: Primary): unknown {
  const unreachable = unreachableIn(error)
  if (unreachable === undefined) return error
  return new AppError('upstream_unavailable', `${unreachable.message} at ${url}`, {
    hint: unreachable.hint === TRY_AGAIN ? START_IT : unreachable.hint,
    cause: error,
  })
}
