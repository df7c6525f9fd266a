/** Host and port as a Host header or an Origin write them. */
export interface HostPort {
  /** Lower case; an IPv6 address in its brackets. */
  readonly name: string
  /** Digits, or empty where none is written. */
  readonly port: string
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?$/

/** `name`, `name:port`, `127.0.0.1:80` or `[::1]:80`; undefined for anything else, user names and paths too. */
export function parseHost(text: string): HostPort | undefined {
  const match = HOST.exec(text.toLowerCase())
  return match?.[1] === undefined ? undefined : { name: match[1], port: match[2] ?? '' }
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const LOOPBACK_V4 = new RegExp(`^127(?:\\.${OCTET}){3}$`)

/** A name (of {@link parseHost}) that means this machine on every machine: no DNS server can point it elsewhere. */
export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || LOOPBACK_V4.test(name)

/** An IP address that only this machine can connect from; an IPv4 one may be wrapped as `::ffff:127.0.0.1`. */
export const isLoopbackAddress = (address: string): boolean =>
  address === '::1' || LOOPBACK_V4.test(address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address)

/** Host and port for a URL: IPv6 addresses get their brackets. */
export const formatHost = (host: string, port: number): string =>
  `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
