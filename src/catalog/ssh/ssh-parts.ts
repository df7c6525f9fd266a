import { isIP } from 'node:net'
import { AppError } from '../../errors.ts'

/** What host and user must look like: no option, no second host, nothing that a shell or ssh's tokens would expand. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/
const LONGEST_HOST = 253
const LONGEST_USER = 64

/**
 * A host name, an IPv4 or an IPv6 address; the latter comes back without its brackets.
 * @throws AppError invalid_input
 */
export function checkHost(text: string): string {
  const bare = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text
  // A zone (`fe80::1%eth0`) is for neighbours on one cable; nobody rents those.
  if (isIP(bare) === 6 && !bare.includes('%')) return bare
  if (NAME.test(text) && text.length <= LONGEST_HOST) return text
  throw invalid('ssh_host', 'ssh_host must be a host name or an IP address')
}

/** @throws AppError invalid_input */
export function checkUser(text: string, field: 'ssh_host' | 'ssh_user'): string {
  if (NAME.test(text) && text.length <= LONGEST_USER) return text
  throw invalid(field, 'The user must be a name of letters, digits, ".", "_" and "-"')
}

/** @throws AppError invalid_input */
export function checkPort(port: number, field: 'ssh_host' | 'ssh_port'): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw invalid(field, 'The port must be a whole number from 1 to 65535')
}

export const invalid = (path: string, expected: string, hint?: string): AppError =>
  new AppError('invalid_input', expected, { hint, errors: [{ path, expected }] })
