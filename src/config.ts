import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser'
import * as v from 'valibot'
import { SETTINGS, type SettingName, type SettingSpec, type Settings } from './config/settings.ts'
import { AppError } from './errors.ts'

export type Source = 'flag' | 'environment' | 'config file' | 'default'

export interface Config {
  readonly settings: Settings
  readonly sources: Readonly<Record<SettingName, Source>>
  /** Absolute; may not exist yet. */
  readonly dataDir: string
  /** The config file that was read, if any. */
  readonly configFile: string | undefined
}

export interface ConfigInput {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** `--data` */
  readonly data?: string | undefined
  /** `--config` */
  readonly configFile?: string | undefined
  /** Settings given as flags, as typed. */
  readonly flags?: Partial<Record<SettingName, string | readonly string[]>>
}

/**
 * Flags > environment > config file > defaults.
 * @throws AppError invalid_input naming the setting, where it came from and what was expected; never its value
 */
export function loadConfig(input: ConfigInput): Config {
  const dataDir = findDataDir(input)
  const { values: file, path: configFile } = readConfigFile(input, dataDir)
  const settings: Record<string, unknown> = {}
  const sources: Record<string, Source> = {}
  for (const [name, spec] of Object.entries(SETTINGS) as [SettingName, SettingSpec<unknown>][]) {
    const flagged = input.flags?.[name]
    const fromEnv = input.env[spec.env]
    let source: Source = 'default'
    let raw: unknown = spec.fallback
    if (flagged !== undefined) {
      source = 'flag'
      raw = typeof flagged === 'string' ? spec.kind.fromText(flagged) : flagged
    } else if (fromEnv !== undefined && fromEnv !== '') {
      source = 'environment'
      raw = spec.kind.fromText(fromEnv)
    } else if (file.has(name)) {
      source = 'config file'
      raw = file.get(name)
    }
    const parsed = v.safeParse(spec.kind.schema, raw)
    if (!parsed.success) {
      const from = source === 'environment' ? spec.env : source === 'config file' ? `${configFile}` : 'the command line'
      throw new AppError('invalid_input', `The setting ${name} from ${from} must be ${spec.kind.expected}`)
    }
    settings[name] = spec.path === true ? absolutePaths(parsed.output, input.cwd) : parsed.output
    sources[name] = source
  }
  return { settings: settings as Settings, sources: sources as Config['sources'], dataDir, configFile }
}

function absolutePaths(value: unknown, cwd: string): unknown {
  if (typeof value === 'string') return value === '' ? '' : resolve(cwd, value)
  return (value as readonly string[]).map((path) => resolve(cwd, path))
}

function readConfigFile(
  input: ConfigInput,
  dataDir: string,
): { values: Map<string, unknown>; path: string | undefined } {
  const asked = input.configFile === undefined ? undefined : resolve(input.cwd, input.configFile)
  const path = asked ?? join(dataDir, 'config.jsonc')
  if (!existsSync(path)) {
    if (asked !== undefined) throw new AppError('not_found', `The config file ${input.configFile} does not exist`)
    return { values: new Map(), path: undefined }
  }
  const errors: ParseError[] = []
  const content: unknown = parseJsonc(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''), errors, {
    allowTrailingComma: true,
  })
  const first = errors[0]
  if (first !== undefined || typeof content !== 'object' || content === null || Array.isArray(content)) {
    const place = first === undefined ? '' : ` (${printParseErrorCode(first.error)} at character ${first.offset})`
    throw new AppError('invalid_input', `The config file ${path} is not a JSON object with comments${place}`)
  }
  const values = new Map<string, unknown>()
  for (const [key, value] of Object.entries(content)) {
    // `"CivitAI": {"AllowedLicenses": []}` is the same as `"CivitAI.AllowedLicenses": []`.
    const nested = key === 'CivitAI' && typeof value === 'object' && value !== null
    for (const [name, item] of nested
      ? Object.entries(value as object).map(([k, i]) => [`CivitAI.${k}`, i] as const)
      : [[key, value] as const]) {
      const known = settingNamed(name)
      if (known === undefined) {
        throw new AppError(
          'invalid_input',
          `The config file ${path} has a setting that airkeep does not know: ${name}`,
          {
            hint: 'airkeep config show lists every setting',
          },
        )
      }
      values.set(known, item)
    }
  }
  return { values, path }
}

/** A setting by its key or by its environment name. */
function settingNamed(name: string): SettingName | undefined {
  if (Object.hasOwn(SETTINGS, name)) return name as SettingName
  return (Object.keys(SETTINGS) as SettingName[]).find((key) => SETTINGS[key].env === name)
}

/** `--data`, `$AIRKEEP_DATA`, `/workspace/.airkeep` where /workspace is a mount of its own, XDG, home. */
function findDataDir({ env, cwd, data }: ConfigInput): string {
  if (data !== undefined && data !== '') return resolve(cwd, data)
  const fromEnv = env['AIRKEEP_DATA']
  if (fromEnv !== undefined && fromEnv !== '') return resolve(cwd, fromEnv)
  if (isMount('/workspace')) return '/workspace/.airkeep'
  const xdg = env['XDG_DATA_HOME']
  // The XDG specification: relative paths are to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'airkeep')
  const home = env['HOME']
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), '.local/share/airkeep')
}

function isMount(path: string): boolean {
  const own = statSync(path, { throwIfNoEntry: false })
  const parent = statSync(dirname(path), { throwIfNoEntry: false })
  return own !== undefined && parent !== undefined && own.isDirectory() && own.dev !== parent.dev
}

export interface ShownSetting {
  readonly name: string
  readonly environment: string
  readonly value: unknown
  readonly source: Source
  readonly summary: string
}

/** Every setting as `airkeep config show` prints it: secrets as `***`, those inside an address too. */
export function showSettings(config: Config): ShownSetting[] {
  return (Object.entries(SETTINGS) as [SettingName, SettingSpec<unknown>][]).map(([name, spec]) => {
    const value = config.settings[name]
    return {
      name,
      environment: spec.env,
      value: spec.secret === true && value !== '' ? '***' : withoutCredentials(value),
      source: config.sources[name],
      summary: spec.summary,
    }
  })
}

/** Addresses may carry a password before the host, and a database's URL its token behind the question mark. */
function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials)
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value
  return value.replace(/:\/\/[^/?#]*@/, '://***@').replace(/\?.*$/s, '?***')
}
