import { existsSync } from 'node:fs'
import { AppError } from '../../errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { toAbsolute } from '../local-paths.ts'
import { parsePort } from '../serve.ts'
import { readText, refuseForeign, withToken, writeText } from './files.ts'
import { demandSystemd, type Scope, serviceFiles, systemctl, UNIT } from './systemd.ts'
import { unitText } from './unit.ts'

export interface InstallOptions {
  readonly host: string
  readonly port: string
  readonly models?: string[]
  readonly user?: true
  readonly print?: true
}

/**
 * `airkeep service install`: writes unit and environment file, starts the service now and with the machine. The second
 * time it changes what is to change, and nothing where nothing is.
 */
export async function installService(context: Context, options: InstallOptions): Promise<number> {
  const { globals, outside, signal } = context
  if (globals.server !== undefined) throw new AppError('invalid_input', 'A service is installed without --server')
  const scope: Scope = options.user ? 'user' : 'system'
  const files = serviceFiles(scope, outside.env)
  const unit = describeUnit(context, scope, files.environment, options)
  if (options.print) {
    await context.print({ path: files.unit, unit, environment_file: files.environment }, () => unit)
    return 0
  }
  await demandSystemd(scope)
  const { env } = outside
  const oldUnit = await readText(files.unit)
  if (oldUnit !== undefined) refuseForeign(files.unit, oldUnit)
  const oldEnvironment = await readText(files.environment)
  const environment = withToken(oldEnvironment, env.AIRKEEP_TOKEN ?? '')
  const changed = unit !== oldUnit || environment !== oldEnvironment

  // First, so that the service never starts without its token.
  if (environment !== oldEnvironment) await writeText(files.environment, environment, 0o600)
  if (unit !== oldUnit) await writeText(files.unit, unit, 0o644)
  await systemctl(scope, ['daemon-reload'], { env, signal })
  await systemctl(scope, ['enable', '--now', UNIT], { env, signal })
  if (changed && oldUnit !== undefined) await systemctl(scope, ['restart', UNIT], { env, signal })

  const output: JsonObject = { unit: files.unit, environment_file: files.environment, changed, enabled: true }
  await context.print(output, () => report(scope, files, changed))
  return 0
}

function describeUnit(context: Context, scope: Scope, environmentFile: string, options: InstallOptions): string {
  const { globals, outside } = context
  const absolute = (path: string): string => toAbsolute(path, outside.cwd)
  const models = (options.models ?? []).map(absolute)
  const { dataDir } = context.config(models.length === 0 ? {} : { models })
  const [program = ''] = outside.executable
  if (!existsSync(program)) throw new AppError('not_found', `The executable ${program} is not there any more`)
  const args = ['serve', '--host', options.host, '--port', String(parsePort(options.port)), '--data', dataDir]
  for (const folder of models) args.push('--models', folder)
  if (globals.config !== undefined) args.push('--config', absolute(globals.config))
  return unitText({
    scope,
    executable: outside.executable,
    args,
    environmentFile,
    folders: [dataDir, ...models],
  })
}

function report(scope: Scope, { unit, environment }: { unit: string; environment: string }, changed: boolean): string {
  const flag = scope === 'user' ? ' --user' : ''
  return [
    `${changed ? 'installed' : 'already installed'}: ${unit}`,
    `settings and tokens: ${environment} (systemctl${flag} restart airkeep after a change)`,
    `log: journalctl${flag} -u airkeep`,
    ...(scope === 'user' ? ['it ends with your last session, unless: loginctl enable-linger'] : []),
  ].join('\n')
}
