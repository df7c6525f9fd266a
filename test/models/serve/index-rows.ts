import { createHash } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Db } from '../../../src/db/db.ts'
import { modelFilesTable } from '../../../src/models/table.ts'

export type IndexRow = typeof modelFilesTable.$inferInsert

export const HERE = 'inst_here'

export const hexOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** A LoRA that was scanned and hashed; what is left out is boring. */
export function aRow(relative: string, over: Partial<IndexRow> = {}): IndexRow {
  const name = over.name ?? relative.slice(relative.indexOf('/') + 1)
  return {
    instanceId: HERE,
    path: `/models/${relative}`,
    root: '/models',
    relative,
    name,
    stemKey: name.toLowerCase(),
    type: 'lora',
    aliases: [],
    sizeBytes: 1_000,
    modifiedUs: 1_750_000_000_123_456,
    changedUs: 1,
    device: '1',
    inode: '1',
    place: 1,
    state: 'ok',
    claims: {},
    sha256: hexOf(relative),
    inspectedAt: 1,
    foundAt: 1,
    updatedAt: 1_750_000_000_000,
    ...over,
  }
}

export async function insertRows(db: Pick<Db, 'write'>, rows: readonly IndexRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 200) {
    await db.write(async (tx) => {
      await tx.insert(modelFilesTable).values(rows.slice(from, from + 200))
    })
  }
}

/** A real file below `dir`, and the row that a scan would leave of it. */
export function aFile(dir: string, name: string, content: string | Uint8Array, over: Partial<IndexRow> = {}): IndexRow {
  const path = join(dir, name)
  writeFileSync(path, content)
  const { size, mtimeNs } = statSync(path, { bigint: true })
  return aRow(`loras/${name}`, {
    path,
    sizeBytes: Number(size),
    modifiedUs: Number(mtimeNs / 1000n),
    sha256: hexOf(content),
    ...over,
  })
}
