import { AppError } from '../../errors.ts'

/** First line of what is written here: files without it are somebody else's. */
export const MARK = '# Written by: airkeep service install'

export interface UnitOptions {
  readonly scope: 'system' | 'user'
  /** Absolute path of the executable, and what must stand before the command where it runs from source. */
  readonly executable: readonly string[]
  /** Command and flags. */
  readonly args: readonly string[]
  /** Absolute: settings and secrets, which have no place in a unit that everyone may read. */
  readonly environmentFile: string
  /** Folders that must be mounted before, and may be written. */
  readonly folders: readonly string[]
}

/** Of the system's own folders these are read-only for the service, unless a folder of ours lies in one. */
const PROTECTED = /^\/(?:usr|boot|efi|etc)(?:\/|$)/

/**
 * What a service that needs the network, its own folders and nothing else can do without. Not among it:
 * ProtectHome and PrivateTmp, since models lie below /root and /home and commands name pictures in /tmp;
 * MemoryDenyWriteExecute, which no JIT survives; UMask, since other programs load the models that are written.
 */
const ANY_USER = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RestrictNamespaces=yes',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
  'SystemCallArchitectures=native',
]
const ROOT_ALONE = [
  'ProtectSystem=full',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelLogs=yes',
  'ProtectControlGroups=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'PrivateDevices=yes',
  // Model folders belong to whoever runs the UI.
  'CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_CHOWN CAP_NET_BIND_SERVICE',
]

/** A systemd unit that runs `serve`. @throws AppError invalid_input for a path that no unit can hold */
export function unitText({ scope, executable, args, environmentFile, folders }: UnitOptions): string {
  for (const text of [...executable, ...args, environmentFile]) refuseControl(text)
  refuseQuotes(executable[0] ?? '')
  const system = scope === 'system'
  const inProtected = folders.filter((folder) => PROTECTED.test(folder))
  return [
    MARK,
    '[Unit]',
    'Description=airkeep: models, prompts and assets of this machine',
    ...(system ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    `RequiresMountsFor=${folders.map(quotePath).join(' ')}`,
    '',
    '[Service]',
    'Type=exec',
    // The colon: no variables are expanded, so that a dollar sign is one.
    `ExecStart=:${[...executable, ...args].map(quoteArgument).join(' ')}`,
    `EnvironmentFile=-${globPath(environmentFile)}`,
    'Restart=on-failure',
    'RestartSec=2',
    // Invalid settings and a missing token stay what they are.
    'RestartPreventExitStatus=2 3',
    // What runs gets 30 s to end.
    'TimeoutStopSec=45',
    'KillMode=mixed',
    'LimitNOFILE=65536',
    ...ANY_USER,
    ...(system ? ROOT_ALONE : []),
    ...(system && inProtected.length > 0
      ? [`ReadWritePaths=${inProtected.map((folder) => quotePath(`-${folder}`)).join(' ')}`]
      : []),
    '',
    '[Install]',
    `WantedBy=${system ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n')
}

function refuseControl(text: string): void {
  const control = [...text].some((letter) => letter < ' ' || letter === '\x7f')
  if (!control) return
  throw new AppError('invalid_input', 'A path with control characters cannot stand in a systemd unit')
}

/** systemd refuses these in the name of a program, however they are written. */
function refuseQuotes(program: string): void {
  if (!/["'\\]/.test(program)) return
  throw new AppError('invalid_input', `systemd starts no program whose path holds quotes or backslashes: ${program}`, {
    hint: 'Move the executable, for example to /usr/local/bin/airkeep',
  })
}

/** systemd.syntax(7): `%` begins a specifier everywhere. */
const withoutSpecifiers = (text: string): string => text.replaceAll('%', '%%')

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

/** A word of ExecStart: C-style escapes hold in it. */
const quoteArgument = (word: string): string => {
  const text = withoutSpecifiers(word)
  return /^[\w%+=:,./@-]+$/.test(text) ? text : quoted(text)
}

const quotePath = quoteArgument

/** EnvironmentFile takes the rest of its line, as a glob. */
const globPath = (path: string): string => withoutSpecifiers(path).replaceAll(/[*?[\]\\]/g, '\\$&')

/** A line of an environment file, as systemd.exec(5) reads it back. */
export const environmentLine = (name: string, value: string): string =>
  `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"`
