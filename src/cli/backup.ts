import { resolve } from 'node:path'
import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { isUrl } from './local-paths.ts'
import { formatBytes } from './progress.ts'
import { withSession } from './session.ts'

/** `airkeep backup FILE`: a copy of the database, also while `serve` uses it. */
export async function backup(context: Context, file: string): Promise<number> {
  if (file === '' || isUrl(file)) throw new AppError('invalid_input', 'FILE must be a path on this host')
  const app = await context.app()
  const operation = findOperation(app, 'create_backup', 'airkeep backup')
  const { signal, outside } = context
  return withSession(context, app, async (session) => {
    const path = resolve(outside.cwd, file)
    const { output } = await session.invoke(operation, { path }, { signal, progress() {} })
    await context.print(output, () => `wrote ${formatBytes(Number(output.size_bytes))} to ${String(output.path)}`)
    return 0
  })
}
