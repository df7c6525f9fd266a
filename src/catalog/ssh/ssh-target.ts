import { parseSshLine, type SshLine } from './ssh-line.ts'
import { checkHost, checkPort, checkUser, invalid } from './ssh-parts.ts'

/** A host to reach by ssh, each part checked: none of them can be read as an option. */
export interface SshTarget {
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string
  /** Left to ssh (its configuration, or 22) where nobody names one. */
  readonly port?: number
  readonly user: string
  /** Absolute path of a private key, or one below `~/`. Only the owner may name it. */
  readonly identity?: string
}

/** As `check_downloads` takes them. `ssh_host` may also be a pasted line: `ssh -p 40123 root@ssh5.example.com -L …`. */
export interface SshFields {
  readonly ssh_host: string
  readonly ssh_port?: number | undefined
  /** root where it is left out */
  readonly ssh_user?: string | undefined
}

const DEFAULT_USER = 'root'

/**
 * @throws AppError invalid_input naming the field and what was expected, and the option of a pasted line that is not
 * taken; never a value
 */
export function readSshTarget({ ssh_host, ssh_port, ssh_user }: SshFields): SshTarget {
  const port = ssh_port === undefined ? undefined : checkPort(ssh_port, 'ssh_port')
  const user = ssh_user === undefined ? undefined : checkUser(ssh_user, 'ssh_user')
  const line: SshLine = /^[ \t]*ssh[ \t]/.test(ssh_host) ? parseSshLine(ssh_host) : { host: checkHost(ssh_host) }
  const known = oneOf(port, line.port, 'ssh_port')
  return {
    host: line.host,
    user: oneOf(user, line.user, 'ssh_user') ?? DEFAULT_USER,
    ...(known === undefined ? {} : { port: known }),
    ...(line.identity === undefined ? {} : { identity: line.identity }),
  }
}

function oneOf<T>(field: T | undefined, ofLine: T | undefined, path: string): T | undefined {
  if (field === undefined || ofLine === undefined || field === ofLine) return field ?? ofLine
  throw invalid(path, `${path} must be as in the line, or be left out`)
}

/** For people: `root@ssh5.example.com:40123`. */
export function describeTarget({ user, host, port }: SshTarget): string {
  const written = host.includes(':') ? `[${host}]` : host
  return `${user}@${written}${port === undefined ? '' : `:${port}`}`
}
