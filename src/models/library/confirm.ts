import { stat } from 'node:fs/promises'
import { and, eq, isNull, placeholder } from 'drizzle-orm'
import { toMicroseconds, toSafeNumber } from '../../lib/file-numbers.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { USELESS_STATES } from '../inspect/inspection.ts'
import type { LibraryFile } from '../library.ts'
import { modelFilesTable as files } from '../table.ts'
import type { ComparedRow } from './compared-rows.ts'
import type { LibraryReader } from './reader.ts'
import type { LibraryDeps } from './take-changes.ts'

export type ConfirmDeps = Pick<LibraryDeps, 'db' | 'instanceId'> & { readonly reader: Pick<LibraryReader, 'inspect'> }

/**
 * Whether a file is still what its row says, by one look at its size and time, and can be loaded. A header that nobody
 * has read yet is read: a web page under a model's name shows by it alone.
 */
export function createConfirm({ db, instanceId, reader }: ConfirmDeps) {
  const byPath = onFirstUse(() =>
    db.read
      .select({ state: files.state, sha256: files.sha256, inspectedAt: files.inspectedAt })
      .from(files)
      .where(
        and(eq(files.instanceId, placeholder('instance')), eq(files.path, placeholder('path')), isNull(files.goneAt)),
      )
      .prepare(),
  )
  return async ({ listedPath, digests }: LibraryFile, row: ComparedRow, signal: AbortSignal): Promise<boolean> => {
    if (!(await isAsKnown(listedPath, row))) return false
    if (row.inspectedAt !== null) return true
    await reader.inspect([row.path], signal)
    const [now] = await byPath().execute({ instance: instanceId(), path: row.path })
    if (now === undefined || now.inspectedAt === null || USELESS_STATES.includes(now.state)) return false
    // It may have turned out that its bytes are not those that were hashed.
    return digests === undefined || digests.sha256 === now.sha256
  }
}

async function isAsKnown(path: string, { sizeBytes, modifiedUs }: ComparedRow): Promise<boolean> {
  try {
    const stats = await stat(path, { bigint: true })
    return stats.isFile() && toSafeNumber(stats.size) === sizeBytes && toMicroseconds(stats.mtimeNs) === modifiedUs
  } catch {
    return false
  }
}
