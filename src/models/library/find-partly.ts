import { placeholder, sql } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { USELESS_STATES } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { COMPARED, type ComparedRow } from './compared-rows.ts'

/** Parts of fewer letters say nothing. */
const SHORTEST_PART = 4
/** More nobody looks through. */
const MOST_FOUND = 100

/** Files of which a name is a part; those that nothing could load are left out. Reads all stems: some milliseconds. */
export function createPartFinder({
  db,
  instanceId,
}: {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
}) {
  const statement = onFirstUse(() =>
    db.read
      .select(COMPARED)
      .from(files)
      .where(
        // Of the index alone: the rows are a hundred times as long.
        sql`rowid in (select f.rowid from model_files as f, json_each(${placeholder('stems')}) as wanted
          where length(f.stem_key) >= ${SHORTEST_PART} and (instr(f.stem_key, wanted.value) > 0
            or (instr(wanted.value, f.stem_key) > 0 and length(f.stem_key) * 2 >= length(wanted.value))))
        and ${files.instanceId} = ${placeholder('instance')}
        and +${files.goneAt} is null and +${files.state} not in ${[...USELESS_STATES]}`,
      )
      .orderBy(sql`length(${files.stemKey})`, files.path)
      .limit(MOST_FOUND)
      .prepare(),
  )
  return async (stems: readonly string[]): Promise<readonly ComparedRow[]> => {
    const telling = stems.filter((stem) => stem.length >= SHORTEST_PART)
    if (telling.length === 0) return []
    return statement().execute({ instance: instanceId(), stems: JSON.stringify(telling) })
  }
}
