import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { AppError } from '../errors.ts'
import type { AddressKind } from './address.ts'
import { isHostName, readUrl, type Target } from './target.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

interface NameEntry {
  readonly name: string
  /** `*.name`: everything below it, not the name itself. */
  readonly below: boolean
  readonly port: number | undefined
}

interface RangeEntry {
  readonly range: readonly [Address, number]
  readonly port: number | undefined
}

export type AllowEntry = NameEntry | RangeEntry

/**
 * Reads `host`, `*.domain`, an IP address or a CIDR, each but the last with an optional `:port`.
 * @param setting named in the message, so that its owner finds the entry
 * @throws AppError invalid_input naming the entry
 */
export function parseAllowList(entries: readonly string[], setting: string): readonly AllowEntry[] {
  return entries.map((entry) => {
    const parsed = parseEntry(entry.trim())
    if (parsed !== undefined) return parsed
    throw new AppError('invalid_input', `Cannot read the entry "${entry}" of ${setting}`, {
      hint: 'Write a host, host:port, *.domain, IP address or CIDR such as 10.0.0.0/8',
    })
  })
}

function parseEntry(entry: string): AllowEntry | undefined {
  if (entry.includes('/')) return parseRange(entry)
  if (ipaddr.IPv6.isValid(entry)) return single(entry, undefined)
  const [, host, digits] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(entry) ?? []
  if (host === undefined) return undefined
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  const below = host.startsWith('*.')
  // The URL parser brings the host to the form that targets have.
  const name = hostOf(below ? host.slice(2) : host)
  if (name === undefined || (below && isIP(name) !== 0)) return undefined
  return isIP(name) === 0 ? { name, below, port } : single(name, port)
}

function hostOf(text: string): string | undefined {
  if (/[/?#@\\\s*]/.test(text)) return undefined
  const host = readUrl(`http://${text}/`)
    ?.hostname.replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  return host !== undefined && (isIP(host) !== 0 || isHostName(host)) ? host : undefined
}

const single = (text: string, port: number | undefined): RangeEntry => {
  const address = ipaddr.process(text)
  return { range: [address, address.kind() === 'ipv4' ? 32 : 128], port }
}

function parseRange(entry: string): RangeEntry | undefined {
  const readable = ipaddr.IPv4.isValidCIDRFourPartDecimal(entry) || ipaddr.IPv6.isValidCIDR(entry)
  return readable ? { range: ipaddr.parseCIDR(entry), port: undefined } : undefined
}

const portFits = (entry: AllowEntry, port: number): boolean => entry.port === undefined || entry.port === port

/** Whether the host as the URL writes it (name or literal address) is on the list. */
export function listsHost(list: readonly AllowEntry[], { hostname, port }: Pick<Target, 'hostname' | 'port'>): boolean {
  return list.some((entry) => {
    if (!portFits(entry, port)) return false
    if (isIP(hostname) !== 0) return 'range' in entry && inRange(hostname, entry)
    if ('range' in entry) return false
    return entry.below ? hostname.endsWith(`.${entry.name}`) : hostname === entry.name
  })
}

/** Whether the address is on the list by itself or within a CIDR. */
export const listsAddress = (list: readonly AllowEntry[], address: string, port: number): boolean =>
  list.some((entry) => 'range' in entry && portFits(entry, port) && inRange(address, entry))

function inRange(text: string, { range: [base, bits] }: RangeEntry): boolean {
  // process() unwraps ::ffff:a.b.c.d, the same address in another coat.
  const address = ipaddr.process(text)
  return address.kind() === base.kind() && address.match([base, bits])
}

/**
 * A listed name may stand for addresses of these kinds. The rest, link-local with its cloud metadata service foremost,
 * is let through only where the address itself is listed.
 */
const KINDS_A_NAME_COVERS: ReadonlySet<AddressKind> = new Set(['private', 'loopback', 'shared', 'unique_local'])

export const nameCovers = (kind: AddressKind): boolean => KINDS_A_NAME_COVERS.has(kind)
