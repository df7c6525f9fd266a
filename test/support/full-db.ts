import { sql } from 'drizzle-orm'
import type { Db } from '../../src/db/db.ts'

/** From now on SQLite itself says that the disk is full, once a write needs a page more than there are. */
export async function fillDb(db: Pick<Db, 'write'>): Promise<void> {
  await db.write(async (tx) => {
    await tx.all(sql`create table if not exists filler (bytes blob)`)
  })
  await db.write(async (tx) => {
    await tx.all(sql`pragma max_page_count = 1`)
  })
  // Pages that were used before may be free still.
  while (await fits(db));
}

async function fits(db: Pick<Db, 'write'>): Promise<boolean> {
  try {
    await db.write(async (tx) => {
      await tx.all(sql`insert into filler values (zeroblob(4000))`)
    })
    return true
  } catch {
    return false
  }
}

/** There is room again. */
export async function makeRoomInDb(db: Pick<Db, 'write'>): Promise<void> {
  await db.write(async (tx) => {
    await tx.all(sql`pragma max_page_count = 1000000`)
  })
  await db.write(async (tx) => {
    await tx.all(sql`drop table filler`)
  })
}
