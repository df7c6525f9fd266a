import type { Db } from '../../src/db/db.ts'
import { modelFilesTable } from '../../src/models/table.ts'

export type ModelRowInsert = typeof modelFilesTable.$inferInsert

let count = 0

/** A row of a model file on the host `here`; what is not given is valid and boring. */
export function aModelRow(changes: Partial<ModelRowInsert> = {}): ModelRowInsert {
  count += 1
  const name = changes.name ?? `file-${count}.safetensors`
  const filename = name.slice(name.lastIndexOf('/') + 1)
  return {
    instanceId: 'here',
    path: `/models/loras/${name}`,
    root: '/models',
    relative: `loras/${name}`,
    name,
    stemKey: filename.replace(/\.[^.]*$/, '').toLowerCase(),
    type: 'lora',
    aliases: [],
    sizeBytes: 1_000 + count,
    modifiedUs: 1_750_000_000_000_000 + count,
    changedUs: 1_750_000_000_000_000 + count,
    device: '66306',
    inode: String(count),
    place: count,
    state: 'ok',
    claims: {},
    foundAt: 1,
    updatedAt: 1,
    ...changes,
  }
}

export async function addModelRows(
  db: Db,
  rows: readonly Partial<ModelRowInsert>[],
): Promise<readonly ModelRowInsert[]> {
  const made = rows.map(aModelRow)
  for (let from = 0; from < made.length; from += 500) {
    await db.write(async (tx) => {
      await tx
        .insert(modelFilesTable)
        .values(made.slice(from, from + 500))
        .run()
    })
  }
  return made
}
