import { AppError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { isOnlyOurs, readText, refuseForeign, removeFile } from './files.ts'
import { demandSystemd, type Scope, serviceFiles, systemctl, UNIT } from './systemd.ts'

export interface UninstallOptions {
  readonly user?: true
  readonly print?: true
}

/** `airkeep service uninstall`: stops the service and removes what install wrote; without a service it does nothing. */
export async function uninstallService(context: Context, options: UninstallOptions): Promise<number> {
  const { globals, outside, signal } = context
  if (globals.server !== undefined) throw new AppError('invalid_input', 'A service is removed without --server')
  const scope: Scope = options.user ? 'user' : 'system'
  const { env } = outside
  const files = serviceFiles(scope, env)
  const unit = await readText(files.unit)
  if (options.print) {
    await context.print({ path: files.unit, unit: unit ?? null }, () => unit ?? `There is no ${files.unit}`)
    return 0
  }
  await demandSystemd(scope)
  if (unit !== undefined) {
    refuseForeign(files.unit, unit)
    await systemctl(scope, ['disable', '--now', UNIT], { env, signal })
    await removeFile(files.unit)
    await systemctl(scope, ['daemon-reload'], { env, signal })
  }
  const environment = await readText(files.environment)
  const kept = environment !== undefined && !isOnlyOurs(environment)
  if (environment !== undefined && !kept) await removeFile(files.environment)

  const output = {
    unit: files.unit,
    removed: unit !== undefined,
    environment_file: environment === undefined ? null : files.environment,
    environment_file_kept: kept,
  }
  await context.print(output, () =>
    [
      unit === undefined ? `there is no ${files.unit}` : `stopped and removed: ${files.unit}`,
      ...(kept ? [`kept, since there is more in it than airkeep wrote: ${files.environment}`] : []),
    ].join('\n'),
  )
  return 0
}
