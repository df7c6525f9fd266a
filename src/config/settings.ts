import type { LogLevel } from '../lib/log.ts'
import { bytes, COLON, COMMA, choice, flag, flagOrAuto, list, number, type SettingKind, text } from './kinds.ts'

export interface SettingSpec<T> {
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
  auto_scan: setting(
    'AIRKEEP_AUTO_SCAN',
    flag,
    true,
    'serve watches the model folders and hashes what is new; false: only scans that are asked for',
  ),
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
    'Catalog folders: checked where none is named, and open to callers with a token (path list)',
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
  comfy_url: setting('AIRKEEP_COMFY_URL', text(), '', 'A running ComfyUI to ask for its folders and nodes'),
  a1111_url: setting(
    'AIRKEEP_A1111_URL',
    text(),
    '',
    'A running A1111 or Forge (with --api) to tell of new models; name and password may stand before its host',
    { secret: true },
  ),
  swarm_url: setting('AIRKEEP_SWARM_URL', text(), '', 'A running SwarmUI to tell of new models'),
  comfy_args: setting(
    'COMFYUI_ARGS',
    text(),
    '',
    'Command line of ComfyUI: --base-directory, --models-directory and --extra-model-paths-config are followed',
  ),
  a1111_args: setting(
    'COMMANDLINE_ARGS',
    text(),
    '',
    'Command line of A1111 or Forge, whose folder flags are followed; webui-user.sh is read where empty',
    // It may hold `--api-auth name:password`.
    { secret: true },
  ),
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
  ssh_hosts: setting(
    'AIRKEEP_SSH_HOSTS',
    list(COMMA),
    [],
    'Hosts (host, host:port, *.domain, CIDR) that callers with a token may have looked at by ssh',
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
  civitai_info: setting(
    'AIRKEEP_CIVITAI_INFO',
    flag,
    false,
    'Write what Civitai says of a downloaded model beside it, as <name>.civitai.info',
  ),
  civitdl_names: setting(
    'AIRKEEP_CIVITDL_NAMES',
    flag,
    false,
    'Call models of Civitai as civitdl does, where no prompt says what they are called',
  ),
  swarm_dialect: setting('AIRKEEP_SWARM_DIALECT', flag, false, 'Serve models to SwarmUI hosts'),
  serve_exclude: setting('AIRKEEP_SERVE_EXCLUDE', list(COMMA), [], 'Globs of model files that are never served'),
  serve_connections: setting(
    'AIRKEEP_SERVE_CONNECTIONS',
    number(0, 4096),
    16,
    'Model files that one client may fetch at once; 0 is no limit',
  ),
  serve_bandwidth: setting(
    'AIRKEEP_SERVE_BANDWIDTH',
    bytes,
    0,
    'Bytes a second of model files for one client; 0 is no limit',
  ),
  webhook_secret: setting('AIRKEEP_WEBHOOK_SECRET', text(), '', 'Signs callbacks; none are sent without it', {
    secret: true,
  }),
  body_limit: setting('AIRKEEP_BODY_LIMIT', bytes, 16 * 2 ** 20, 'Bytes of a JSON body'),
  metadata_text_limit: setting(
    'AIRKEEP_METADATA_TEXT_LIMIT',
    bytes,
    64 * 2 ** 20,
    'Bytes that one text inside a media file may have, inflated',
  ),
  metadata_limit: setting(
    'AIRKEEP_METADATA_LIMIT',
    bytes,
    256 * 2 ** 20,
    'Bytes that all texts of one media file may have together, inflated',
  ),
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
