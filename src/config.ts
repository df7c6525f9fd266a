import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser'
import * as v from 'valibot'
import { AppError } from './errors.ts'
import type { LogLevel } from './lib/log.ts'

/** How texts (flags, environment) become values, and how a config file's values are checked. */
interface SettingKind<T> {
  readonly schema: v.GenericSchema<unknown, T>
  fromText(text: string): unknown
  readonly expected: string
}

const text = (schema: v.GenericSchema<unknown, string> = v.string()): SettingKind<string> => ({
  schema,
  fromText: (value) => value,
  expected: 'a text',
})

const flag: SettingKind<boolean> = {
  schema: v.boolean(),
  fromText: (value) => (/^(1|true|yes|on)$/i.test(value) ? true : /^(0|false|no|off|)$/i.test(value) ? false : value),
  expected: 'true or false',
}

/** A switch that may be left to the program. */
const flagOrAuto: SettingKind<boolean | 'auto'> = {
  schema: v.union([v.boolean(), v.literal('auto')]),
  fromText: (value) => (value.toLowerCase() === 'auto' ? 'auto' : flag.fromText(value)),
  expected: 'true, false or auto',
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `16777216`, `16 MiB`, `2GiB`, `500k`: bytes. */
function parseBytes(value: string): number | string {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(value.trim())
  return match === null ? value : Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1))
}

const number = (min: number, max = Number.MAX_SAFE_INTEGER): SettingKind<number> => ({
  schema: v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
  fromText: (value) => (/^\d+$/.test(value) ? Number(value) : value),
  expected: `a whole number from ${min} to ${max}`,
})

const bytes: SettingKind<number> = {
  schema: v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.transform(parseBytes))]),
    v.number(),
    v.integer(),
    v.minValue(0),
  ),
  fromText: parseBytes,
  expected: 'a number of bytes, such as 16777216 or "16 MiB"',
}

const list = (separator: RegExp): SettingKind<readonly string[]> => ({
  schema: v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((value) => splitList(value, separator)),
    ),
  ]),
  fromText: (value) => splitList(value, separator),
  expected: 'a list of texts',
})

const splitList = (value: string, separator: RegExp): string[] =>
  value
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')

const COMMA = /,/
/** Path lists are separated as PATH is. */
const COLON = /:/

const choice = <const T extends string>(...options: readonly T[]): SettingKind<T> => ({
  schema: v.picklist(options),
  fromText: (value) => value,
  expected: `one of ${options.join(', ')}`,
})

interface SettingSpec<T> {
  readonly env: string
  readonly kind: SettingKind<T>
  readonly fallback: T
  readonly secret?: true
  readonly path?: true
  readonly summary: string
}

const setting = <T>(
  env: string,
  kind: SettingKind<T>,
  fallback: T,
  summary: string,
  traits: { secret?: true; path?: true } = {},
): SettingSpec<T> => ({ env, kind, fallback, summary, ...traits })

/** Every setting: key in the config file -> environment name, type, default. The README's table is held to this. */
export const SETTINGS = {
  'CivitAI.AllowedLicenses': setting(
    'AIRKEEP_CIVITAI_ALLOWED_LICENSES',
    list(COMMA),
    ['commercial', 'noncommercial'],
    'Licences that may be downloaded unasked; an empty list allows all',
  ),
  'CivitAI.AllowTosAutoAccept': setting(
    'AIRKEEP_CIVITAI_ALLOW_TOS_AUTO_ACCEPT',
    flag,
    false,
    'Accept terms of models without asking',
  ),
  'CivitAI.MaxDownloadSizeBytes': setting(
    'AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES',
    bytes,
    10_737_418_240,
    'Larger files are not downloaded unasked',
  ),
  'CivitAI.AllowedRemoteNodes': setting(
    'AIRKEEP_CIVITAI_ALLOWED_REMOTE_NODES',
    list(COMMA),
    [],
    'URLs of other nodes that serve models',
  ),
  db: setting('AIRKEEP_DB', text(), '', 'libSQL URL; file:<data>/airkeep.db where empty'),
  db_token: setting('AIRKEEP_DB_TOKEN', text(), '', 'Token of a remote database', { secret: true }),
  db_sync_url: setting('AIRKEEP_DB_SYNC_URL', text(), '', 'Primary of an embedded replica'),
  db_durability: setting(
    'AIRKEEP_DB_DURABILITY',
    choice('normal', 'full'),
    'normal',
    'normal: a power cut may lose the last commits; full: it may not, writes are slower',
  ),
  models: setting('AIRKEEP_MODELS', list(COLON), [], 'Model folders (path list); found by layout where empty', {
    path: true,
  }),
  ui_home: setting('UI_HOME', text(), '', 'Folder of the UI whose model folders are used', { path: true }),
  download_root: setting(
    'AIRKEEP_DOWNLOAD_ROOT',
    text(),
    '',
    'Where new model files go; the first model folder where empty',
    { path: true },
  ),
  catalog: setting(
    'AIRKEEP_CATALOG',
    list(COLON),
    [],
    'Catalog folders that callers with a token may name (path list)',
    { path: true },
  ),
  allow_read: setting(
    'AIRKEEP_ALLOW_READ',
    list(COLON),
    [],
    'Further folders that callers with a token may name (path list)',
    { path: true },
  ),
  civitai_url: setting('AIRKEEP_CIVITAI_URL', text(), 'https://civitai.com', 'Civitai, or a mirror of it'),
  hf_url: setting('AIRKEEP_HF_URL', text(), 'https://huggingface.co', 'Hugging Face, or a mirror of it'),
  comfy_url: setting('AIRKEEP_COMFY_URL', text(), '', 'A running ComfyUI to ask for its folders'),
  allow_private_network: setting(
    'AIRKEEP_ALLOW_PRIVATE_NETWORK',
    list(COMMA),
    [],
    'Private hosts or CIDRs that may be fetched from',
  ),
  allow_net: setting(
    'AIRKEEP_ALLOW_NET',
    list(COMMA),
    [],
    'Further hosts that callers with a token may have the server fetch from',
  ),
  s3_buckets: setting('AIRKEEP_S3_BUCKETS', list(COMMA), [], 'Buckets that callers with a token may read'),
  aws_access_key_id: setting('AWS_ACCESS_KEY_ID', text(), '', 'S3 key; without one objects are asked for unsigned'),
  aws_secret_access_key: setting('AWS_SECRET_ACCESS_KEY', text(), '', 'Secret of that key', { secret: true }),
  aws_session_token: setting('AWS_SESSION_TOKEN', text(), '', 'Session token of a temporary key', { secret: true }),
  aws_region: setting('AWS_REGION', text(), '', 'Region of the buckets; us-east-1 where neither is set'),
  aws_default_region: setting('AWS_DEFAULT_REGION', text(), '', 'Region where AWS_REGION is empty'),
  aws_endpoint_url_s3: setting('AWS_ENDPOINT_URL_S3', text(), '', 'S3 server; that of AWS where neither is set'),
  aws_endpoint_url: setting('AWS_ENDPOINT_URL', text(), '', 'S3 server where AWS_ENDPOINT_URL_S3 is empty'),
  aws_s3_force_path_style: setting(
    'AWS_S3_FORCE_PATH_STYLE',
    flagOrAuto,
    'auto',
    'true: bucket in the path; false: bucket in the host name; auto: in the path where an S3 server is named',
  ),
  civitai_token: setting('CIVITAI_TOKEN', text(), '', "The owner's Civitai key", { secret: true }),
  hf_token: setting('HF_TOKEN', text(), '', "The owner's Hugging Face key", { secret: true }),
  share_upstream_keys: setting(
    'AIRKEEP_SHARE_UPSTREAM_KEYS',
    flag,
    false,
    "Let callers with a token use the owner's upstream keys",
  ),
  civitai_account: setting('CIVITAI_ACCOUNT', text(), 'c29', 'Account that recorded posts belong to'),
  token: setting(
    'AIRKEEP_TOKEN',
    text(),
    '',
    'An admin token set from outside; for the command line the token it presents',
    { secret: true },
  ),
  token_file: setting('AIRKEEP_TOKEN_FILE', text(), '', 'File that holds that token', { path: true }),
  hosts: setting('AIRKEEP_HOSTS', list(COMMA), [], 'Host names that are served besides the loopback names'),
  max_downloads: setting('AIRKEEP_MAX_DOWNLOADS', number(1, 64), 2, 'Downloads at once'),
  max_ranges: setting('AIRKEEP_MAX_RANGES', number(1, 64), 8, 'Connections of one download'),
  bandwidth: setting('AIRKEEP_BANDWIDTH', bytes, 0, 'Bytes a second for downloads; 0 is no limit'),
  disk_quota: setting('AIRKEEP_DISK_QUOTA', bytes, 0, 'Bytes that downloads may use in all; 0 is no limit'),
  min_free: setting('AIRKEEP_MIN_FREE', bytes, 2 * 2 ** 30, 'Bytes that stay free on the disk'),
  allow_pickle: setting('AIRKEEP_ALLOW_PICKLE', flag, false, 'Download pickle files too'),
  swarm_dialect: setting('AIRKEEP_SWARM_DIALECT', flag, false, 'Serve models to SwarmUI hosts'),
  serve_exclude: setting('AIRKEEP_SERVE_EXCLUDE', list(COMMA), [], 'Globs of model files that are never served'),
  webhook_secret: setting('AIRKEEP_WEBHOOK_SECRET', text(), '', 'Signs callbacks; none are sent without it', {
    secret: true,
  }),
  body_limit: setting('AIRKEEP_BODY_LIMIT', bytes, 16 * 2 ** 20, 'Bytes of a JSON body'),
  event_retention: setting('AIRKEEP_EVENT_RETENTION', number(1, 3650), 30, 'Days that events stay for replay'),
  log: setting(
    'AIRKEEP_LOG',
    choice<LogLevel>('silent', 'error', 'warn', 'info', 'debug'),
    'info',
    'Least severe log line that is written',
  ),
} as const

export type SettingName = keyof typeof SETTINGS
type ValueOf<S> = S extends SettingSpec<infer T> ? T : never
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> }

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
