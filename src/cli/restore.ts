import { resolve } from 'node:path'
import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { isUrl } from './local-paths.ts'
import { formatBytes } from './progress.ts'
import { takeDataDir } from './take-data-dir.ts'

/** `airkeep restore FILE`: a backup takes the place of the database, which is kept. */
export async function restore(context: Context, file: string): Promise<number> {
  if (context.globals.server !== undefined) {
    throw new AppError('invalid_input', 'A backup is restored on the host of the database, without --server')
  }
  if (file === '' || isUrl(file)) throw new AppError('invalid_input', 'FILE must be a path on this host')
  const from = resolve(context.outside.cwd, file)
  const app = await context.app()
  const { dataDir } = app.config
  const { database, kept, sizeBytes } = await takeDataDir(
    context,
    dataDir,
    () => app.restore(from),
    ({ pid, url }) =>
      new AppError('conflict', `airkeep serve runs on ${dataDir} as process ${pid} at ${url}`, {
        hint: 'Stop it first: a database in use is not replaced',
      }),
  )
  const output = { restored: from, database, size_bytes: sizeBytes, kept: kept ?? null }
  await context.print(output, () =>
    [
      `restored ${formatBytes(sizeBytes)} to ${database}`,
      kept === undefined ? 'there was no database before' : `the database before it is kept: ${kept}`,
    ].join('\n'),
  )
  return 0
}
