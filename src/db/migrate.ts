import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client, Transaction } from '@libsql/client'
import { AppError } from '../errors.ts'
import { backoffMs, sleep } from '../lib/retry.ts'
import { isLost, unreachableIn } from './db-error.ts'

export interface Migration {
  /** `0000_name`, in order. */
  readonly tag: string
  /** Milliseconds, as drizzle's journal has them: rising. */
  readonly when: number
  readonly statements: readonly string[]
  /** SHA-256 of the file, as drizzle's own migrator stores it. */
  readonly hash: string
}

/** The folder of migrations: of the project where this is the source; bundled it lies beside the code, in one file or not. */
export function migrationsDir(): string {
  const here = import.meta.url
  const isSource = here.endsWith('.ts') && !here.startsWith('file:///$bunfs/')
  return fileURLToPath(new URL(isSource ? '../../drizzle' : './drizzle', here))
}

export async function readMigrations(dir: string = migrationsDir()): Promise<Migration[]> {
  const journal = JSON.parse(await readFile(join(dir, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string; when: number }[]
  }
  return Promise.all(
    journal.entries.map(async ({ tag, when }) => {
      const sql = await readFile(join(dir, `${tag}.sql`), 'utf8')
      return {
        tag,
        when,
        statements: sql.split('--> statement-breakpoint').filter((statement) => statement.trim() !== ''),
        hash: createHash('sha256').update(sql).digest('hex'),
      }
    }),
  )
}

/** drizzle's own bookkeeping table, so that its tools can read what was applied. */
const TABLE = '__drizzle_migrations'

/**
 * Applies what is missing, all in one transaction that also reads the bookkeeping: a kill leaves the old schema or
 * the new one, and several starters at once do the work once. (drizzle's migrator reads before it locks: of four
 * first starts at once two failed.)
 * @param backupDir where to put a copy first, when the database has rows; undefined for a remote database
 * @throws AppError conflict when the database holds a migration that this version does not know
 */
export async function applyMigrations(
  client: Client,
  migrations: readonly Migration[],
  backupDir: string | undefined,
): Promise<void> {
  const seen = await readApplied(client)
  refuseNewer(seen, migrations)
  if (seen.length >= migrations.length) return
  if (backupDir !== undefined && (await hasRows(client))) {
    await backUp(client, backupDir, `before-${migrations.at(-1)?.tag ?? 'migration'}`)
  }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await applyMissing(client, migrations)
    } catch (error) {
      // Other hosts that start now wait for the same lock; a server lets none of them hold it for long.
      if (attempt === MAX_ATTEMPTS || !isLost(error) || unreachableIn(error) !== undefined) throw error
      await sleep(backoffMs(attempt, { firstMs: 100, maxMs: 2_000 }))
    }
  }
}

const MAX_ATTEMPTS = 6

async function applyMissing(client: Client, migrations: readonly Migration[]): Promise<void> {
  const transaction = await client.transaction('write')
  try {
    // Read again under the write lock: another process may have been faster.
    await transaction.execute(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
    )
    const applied = await readApplied(transaction)
    refuseNewer(applied, migrations)
    // All at once: on a remote database each statement of its own would keep the lock for a way there and back.
    await transaction.batch([
      // A migration that rebuilds a table may break references until its end; they are checked at commit.
      'PRAGMA defer_foreign_keys=on',
      ...migrations.slice(applied.length).flatMap((migration) => [
        ...migration.statements,
        {
          sql: `INSERT INTO ${TABLE} (hash, created_at) VALUES (?, ?)`,
          args: [migration.hash, migration.when],
        },
      ]),
    ])
    await transaction.commit()
  } finally {
    transaction.close()
  }
}

async function readApplied(db: Client | Transaction): Promise<number[]> {
  const exists = await db.execute(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '${TABLE}'`)
  if (exists.rows.length === 0) return []
  const { rows } = await db.execute(`SELECT created_at FROM ${TABLE} ORDER BY created_at`)
  return rows.map((row) => Number(row['created_at']))
}

/**
 * Checks that `client` is connected to a database of this program whose every migration it knows.
 * @throws AppError invalid_input (of another program), conflict (of a newer version)
 */
export async function checkApplied(client: Client, migrations: readonly Migration[]): Promise<void> {
  const applied = await readApplied(client)
  if (!applied.includes(migrations[0]?.when ?? Number.NaN)) {
    throw new AppError('invalid_input', 'It is not a database of airkeep')
  }
  refuseNewer(applied, migrations)
}

function refuseNewer(applied: readonly number[], migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ when }) => when))
  if (applied.every((when) => known.has(when))) return
  throw new AppError('conflict', 'The database was written by a newer version of airkeep', {
    hint: 'Use the newer version, or point --data at another directory; nothing was changed',
  })
}

async function hasRows(client: Client): Promise<boolean> {
  const tables = await client.execute(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '${TABLE}'`,
  )
  for (const row of tables.rows) {
    const name = String(row['name']).replaceAll('"', '""')
    const found = await client.execute(`SELECT 1 FROM "${name}" LIMIT 1`)
    if (found.rows.length > 0) return true
  }
  return false
}

/** Under a temporary name first: a copy that was cut off must not look like a good one. */
async function backUp(client: Client, dir: string, label: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(dir)) {
    if (name.endsWith('.partial')) await rm(join(dir, name), { force: true })
  }
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-')
  const final = join(dir, `${stamp}-${label}.db`)
  await client.execute({ sql: 'VACUUM INTO ?', args: [`${final}.partial`] })
  await rename(`${final}.partial`, final)
}
