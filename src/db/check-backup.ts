import { type Client, createClient } from '@libsql/client/sqlite3'
import { AppError, isAppError } from '../errors.ts'
import { checkApplied, type Migration } from './migrate.ts'
import { encodePath } from './owner.ts'

/**
 * Checks that the database at `path` is whole and one that this version can use; messages call it `name`.
 * @throws AppError invalid_input, conflict (of a newer version), checksum_mismatch (damaged)
 */
export async function checkBackup(path: string, name: string, migrations: readonly Migration[]): Promise<void> {
  const refuse = (code: 'invalid_input' | 'conflict' | 'checksum_mismatch', why: string, cause: unknown): AppError =>
    new AppError(code, `Cannot restore ${name}: ${why}`, { hint: 'Nothing was changed', cause })
  await withClient(path, async (client) => {
    try {
      await checkApplied(client, migrations)
      const { rows } = await client.execute('PRAGMA integrity_check(1)')
      const [found] = rows
      if (found?.[0] === 'ok') return
      throw refuse('checksum_mismatch', 'it is damaged', found?.[0])
    } catch (error) {
      if (isAppError(error) && error.code === 'checksum_mismatch') throw error
      if (isAppError(error) && error.code === 'conflict') {
        throw refuse('conflict', 'it was written by a newer version of airkeep', error)
      }
      throw refuse('invalid_input', 'it is not a database of airkeep, or it is damaged', error)
    }
  })
}

/** A connection of its own, for as long as `use` runs. */
export async function withClient<T>(path: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient({ url: `file:${encodePath(path)}`, concurrency: 1, timeout: 0 })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
