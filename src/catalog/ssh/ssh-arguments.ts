import type { SshTarget } from './ssh-target.ts'

/** Names of files in the folder where ssh is started: as a relative name no path needs quoting. */
export const KNOWN_HOSTS_NAME = 'known_hosts'
export const LOG_NAME = 'ssh.log'

/**
 * The name under which keys of a host are kept, whatever a configuration file makes of the host's name. It stands for
 * the port as well: machines for rent share addresses.
 */
export const hostAlias = ({ host, port }: SshTarget): string =>
  `[${host.toLowerCase()}]${port === undefined ? '' : `:${port}`}`

/**
 * ssh's command line wins over its configuration files, and the first value of an option over later ones: what stands
 * here holds whatever the owner's `~/.ssh/config` says. That file is read nevertheless, because it is where owners keep
 * the key, the jump host and the proxy command of a host; without it many could not be reached. It decides nothing
 * about forwardings, keys of hosts, terminals, or what is run on either side once connected.
 */
const OPTIONS = [
  // Nobody sits there to be asked.
  'BatchMode=yes',
  'NumberOfPasswordPrompts=0',
  'EscapeChar=none',
  // The far side gets nothing of this machine: no agent, no display, no port, no tunnel, no variable of ours.
  'ForwardAgent=no',
  'ForwardX11=no',
  'ForwardX11Trusted=no',
  'ClearAllForwardings=yes',
  'ExitOnForwardFailure=no',
  'Tunnel=no',
  'GSSAPIDelegateCredentials=no',
  // A command after the connection, here or there, is none but ours.
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'RequestTTY=no',
  // A connection of its own, which ends with it.
  'ControlMaster=no',
  'ControlPath=none',
  // Our own file of keys and no other, never changed by ssh itself.
  'GlobalKnownHostsFile=/dev/null',
  'UpdateHostKeys=no',
  'HashKnownHosts=no',
  'CheckHostIP=no',
  'VerifyHostKeyDNS=no',
  'NoHostAuthenticationForLocalhost=no',
  'VisualHostKey=no',
  // Silence ends.
  'ConnectionAttempts=1',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
  'TCPKeepAlive=yes',
  // Paths are mostly the same words.
  'Compression=yes',
  // Of what the server says before login nothing, of ssh's own messages those that explain a failure.
  'LogLevel=ERROR',
]

export interface SshArguments {
  readonly target: SshTarget
  /** Absolute: what `identity` of the target means here. */
  readonly identity?: string | undefined
  /** `learn` takes whatever key the host shows, logs nobody in and is for a file of keys that is thrown away. */
  readonly hostKey: 'strict' | 'learn'
  readonly connectSeconds: number
  /** Instead of the owner's and the machine's configuration files; `none` for no file. */
  readonly configFile?: string | undefined
  /** Options that only newer versions of ssh know. */
  readonly newer: readonly string[]
  readonly command: string
}

/** Everything after `ssh`. Host, user, port and key are each an argument of their own, the host after `--`. */
export function sshArguments(run: SshArguments): string[] {
  const { target, identity, hostKey, configFile } = run
  const options = [
    ...OPTIONS,
    ...run.newer,
    `ConnectTimeout=${run.connectSeconds}`,
    `HostKeyAlias=${hostAlias(target)}`,
    `UserKnownHostsFile=${KNOWN_HOSTS_NAME}`,
    `StrictHostKeyChecking=${hostKey === 'learn' ? 'accept-new' : 'yes'}`,
    ...(hostKey === 'learn' ? ['PreferredAuthentications=none'] : []),
    ...(identity === undefined ? [] : ['IdentitiesOnly=yes']),
  ]
  return [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    '-T',
    '-a',
    '-x',
    ...['-E', LOG_NAME],
    ...options.flatMap((option) => ['-o', option]),
    ...['-l', target.user],
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(identity === undefined ? [] : ['-i', identity]),
    '--',
    target.host,
    run.command,
  ]
}
