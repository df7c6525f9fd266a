import { type Client, createClient } from '@libsql/client'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { AppError, isAppError } from '../errors.ts'
import { translateDbError } from './db-error.ts'
import { LateClient } from './late-client.ts'
import { applyMigrations, type Migration } from './migrate.ts'
import { TransactionClient } from './transaction-client.ts'
import { createWriteQueue } from './write-queue.ts'

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
   * @throws AppError conflict (written by a newer airkeep), internal, upstream_unavailable
   */
  open(): Promise<void>
  readonly read: ReadDb
  /** For statements prepared once at start; they run inside {@link write} only. */
  readonly writer: WriteDb
  /**
   * Runs `fn` in one write transaction, grouped with others that wait; resolves after the commit.
   * Await nothing but SQL in it, and keep it free of side effects: it may run twice.
   * @throws AppError disk_full, upstream_unavailable (a remote database), and what `fn` throws
   */
  write<T>(fn: (tx: WriteDb) => Promise<T>): Promise<T>
  /** Whole database into one new file at `path` (embedded databases). */
  backup(path: string): Promise<void>
  /** Waits for writes, folds the WAL into the file, closes. */
  close(): Promise<void>
}

export interface OpenDbOptions {
  /** libSQL URL: `file:/path`, `http(s)://`, `libsql://`. */
  readonly url: string
  readonly authToken?: string | undefined
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
}

/** Waiting inside the addon stops the event loop, so it is short; one process owns the file anyway. */
const BUSY_TIMEOUT_MS = 2_000

const isEmbedded = (url: string): boolean => url.startsWith('file:')

/** Wires the parts; connects at {@link Db.open} only, so that operations can be described without a database. */
export function createDb(options: OpenDbOptions): Db {
  const embedded = isEmbedded(options.url) && options.syncUrl === undefined
  const readClient = new LateClient(embedded ? 'file' : 'remote', options.onRead)
  const writeClient = new LateClient(readClient.protocol)
  const adapter = new TransactionClient(readClient.protocol)
  const writer = drizzle(adapter) as WriteDb
  const queue = createWriteQueue(writeClient, adapter)

  return {
    read: drizzle(readClient),
    writer,
    async open() {
      try {
        writeClient.connect(connect(options, embedded ? 1 : 20))
        // An embedded replica has a single connection: reads go through the writer's.
        readClient.connect(embedded ? connect(options, 4) : writeClient)
        if (embedded) {
          await writeClient.execute(`PRAGMA journal_mode=${await options.journal()}`)
          await writeClient.execute(`PRAGMA synchronous=${options.synchronous}`)
        }
        const migrations = await options.migrations()
        await applyMigrations(writeClient, migrations, embedded ? options.backupDir : undefined)
      } catch (error) {
        readClient.close()
        writeClient.close()
        throw translateDbError(error)
      }
    },
    async write(fn) {
      try {
        return await queue.write(() => fn(writer))
      } catch (error) {
        throw translateDbError(error)
      }
    },
    async backup(path) {
      await readClient.execute({ sql: 'VACUUM INTO ?', args: [path] })
    },
    async close() {
      await queue.drain()
      if (!writeClient.connected) return
      // Does nothing where the journal is no WAL.
      if (embedded) await writeClient.execute('PRAGMA wal_checkpoint(TRUNCATE)')
      readClient.close()
      writeClient.close()
    },
  }
}

function connect(options: OpenDbOptions, concurrency: number): Client {
  try {
    return createClient({
      url: options.url,
      concurrency,
      timeout: BUSY_TIMEOUT_MS,
      ...(options.authToken === undefined ? {} : { authToken: options.authToken }),
      ...(options.syncUrl === undefined ? {} : { syncUrl: options.syncUrl }),
    })
  } catch (cause) {
    const translated = translateDbError(cause)
    if (isAppError(translated)) throw translated
    throw new AppError('internal', 'Could not open the database', {
      hint: `Check that ${withoutCredentials(options.url)} is a libSQL database that can be read and written`,
      cause,
    })
  }
}

/** Credentials in a database URL never reach a message. */
const withoutCredentials = (url: string): string => url.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '')
