import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import type { Db } from '../db/db.ts'
import { AppError } from '../errors.ts'
import { type Clock, toIso } from '../lib/clock.ts'
import { requiredTextField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'

export interface BackupDeps {
  readonly db: Pick<Db, 'backup'>
  readonly clock: Clock
}

/** Not for agents: a backup holds everything that the ledger holds, and is written wherever the caller says. */
export const createBackupOperations = ({ db, clock }: BackupDeps): readonly Operation[] => [
  defineOperation({
    name: 'create_backup',
    summary: 'Copy the whole database into one new file',
    description:
      'Copies the database as it is at this moment, while it is in use, into a new file that only its owner can read. It never replaces a file. Only the local owner may call it; airkeep restore FILE puts a backup back.',
    example: { path: '/workspace/airkeep-backup.db' },
    effect: 'write',
    permission: 'admin',
    surfaces: ['http', 'cli'],
    http: { method: 'post', path: '/v1/backup', status: 201 },
    paths: ['path'],
    input: v.strictObject({
      path: requiredTextField('Where the copy goes on the host of the database; there must be nothing yet', 4096),
    }),
    output: v.object({ path: v.string(), size_bytes: v.number(), created_at: v.string() }),
    async run({ path }, { actor }) {
      if (actor.kind !== 'owner') {
        throw new AppError('forbidden', 'Only the local owner may write a backup', {
          hint: 'Run airkeep backup FILE on the host of the database, without --server',
        })
      }
      if (!isAbsolute(path)) {
        const expected = 'path must be an absolute path'
        throw new AppError('invalid_input', expected, { errors: [{ path: 'path', expected }] })
      }
      const at = clock.now()
      return { path, size_bytes: await db.backup(path), created_at: toIso(at) }
    },
  }),
]
