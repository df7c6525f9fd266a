import { type ShownSetting, showSettings } from '../config.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Context } from './context.ts'
import { renderTable } from './table.ts'

/** `airkeep config show` */
export async function showConfig(context: Context): Promise<number> {
  const config = context.config()
  const settings = showSettings(config)
  const output = {
    data_dir: config.dataDir,
    config_file: config.configFile ?? null,
    settings: settings.map(({ name, environment, value, source, summary }) => ({
      name,
      environment,
      value: value as JsonValue,
      source,
      summary,
    })),
  }
  await context.print(output, (columns) =>
    [
      `data directory  ${config.dataDir}`,
      `config file     ${config.configFile ?? '(none)'}`,
      '',
      renderTable(
        settings.map((setting) => ({ setting: setting.name, value: shown(setting), source: setting.source })),
        columns,
      ),
    ].join('\n'),
  )
  return 0
}

function shown({ value }: ShownSetting): string {
  if (Array.isArray(value)) return value.length === 0 ? '(empty list)' : value.join(', ')
  return value === '' ? '(none)' : String(value)
}
