import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link_local'
  | 'shared'
  | 'unique_local'
  | 'unspecified'
  | 'multicast'
  | 'broadcast'
  | 'reserved'
  | 'unreadable'

export interface AddressClass {
  readonly kind: AddressKind
  /** The IPv4 address that an IPv6 address only wraps, when that decided the kind. */
  readonly wraps?: string
}

type IPv4 = ipaddr.IPv4
type IPv6 = ipaddr.IPv6

/** Every other range that ipaddr.js knows is reserved: documentation, benchmarks, relays, ORCHID, segment routing. */
const KIND_OF_RANGE: Readonly<Record<string, AddressKind>> = {
  unicast: 'public',
  private: 'private',
  loopback: 'loopback',
  linkLocal: 'link_local',
  carrierGradeNat: 'shared',
  uniqueLocal: 'unique_local',
  unspecified: 'unspecified',
  multicast: 'multicast',
  broadcast: 'broadcast',
}

/** ipaddr.js takes `::1.2.3.4` for the mapped `::ffff:1.2.3.4`. */
const parse = (text: string): IPv4 | IPv6 => ipaddr.parse(text.replace(/^::(?=\d+\.)/, '0:0:0:0:0:0:'))

const kindOf = (address: IPv4 | IPv6): AddressKind => KIND_OF_RANGE[address.range()] ?? 'reserved'

/**
 * Says what an IP address is good for. Only `public` may be fetched from without a setting.
 * An IPv6 address that carries an IPv4 address (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP) is never
 * better than the carried one, because some gateway on the way may unwrap it.
 */
export function classifyAddress(text: string): AddressClass {
  // isIP first: ipaddr.js also reads octal, hexadecimal and short IPv4 spellings, which no resolver answers.
  if (isIP(text) === 0) return { kind: 'unreadable' }
  const address = parse(text)
  if (address.kind() === 'ipv4') return { kind: kindOf(address) }
  const v6 = address as IPv6
  const own = kindOf(v6)
  if (own !== 'public' && own !== 'reserved') return { kind: own }
  for (const inner of wrapped(v6)) {
    const kind = kindOf(inner)
    if (kind !== 'public') return { kind, wraps: inner.toString() }
  }
  if (v6.isIPv4MappedAddress() || isNat64(v6)) return { kind: 'public' }
  // Global unicast is 2000::/3 (IANA); what lies outside and has no name yet is nobody's.
  return { kind: own === 'public' && ((v6.parts[0] ?? 0) & 0xe000) === 0x2000 ? 'public' : 'reserved' }
}

/**
 * 64:ff9b::/96, behind which hosts with IPv6 alone reach public IPv4 addresses; 64:ff9b:1::/48 is for a site's own use
 * and stays reserved.
 */
const isNat64 = ({ parts }: IPv6): boolean =>
  parts[0] === 0x64 && parts[1] === 0xff9b && parts.slice(2, 6).every((part) => part === 0)

function wrapped(v6: IPv6): IPv4[] {
  const parts = v6.parts
  const at = (index: number, mask = 0): IPv4 => {
    const high = (parts[index] ?? 0) ^ mask
    const low = (parts[index + 1] ?? 0) ^ mask
    return new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255])
  }
  const range = v6.range()
  if (parts.slice(0, 4).every((part) => part === 0)) {
    const [, , , , fifth = 0, sixth = 0] = parts
    // ::a.b.c.d (compatible), ::ffff:a.b.c.d (mapped), ::ffff:0:a.b.c.d (translated)
    if ((fifth === 0 && (sixth === 0 || sixth === 0xffff)) || (fifth === 0xffff && sixth === 0)) return [at(6)]
  }
  if (isNat64(v6)) return [at(6)]
  if (range === '6to4') return [at(1)]
  // RFC 4380: the server, and the client with every bit turned over.
  if (range === 'teredo') return [at(2), at(6, 0xffff)]
  // ISATAP, RFC 5214: the interface identifier is [02]00:5efe:a.b.c.d.
  if (((parts[4] ?? 0) & 0xfdff) === 0 && parts[5] === 0x5efe) return [at(6)]
  return []
}

const WORDS: Readonly<Record<AddressKind, string>> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'a loopback address',
  link_local: 'a link-local address',
  shared: 'a carrier-grade NAT address',
  unique_local: 'a unique local address',
  unspecified: 'the unspecified address',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  reserved: 'a reserved address',
  unreadable: 'not an IP address',
}

/** `10.0.0.5 is a private address`, or with what it wraps: `::ffff:10.0.0.5 wraps 10.0.0.5, a private address`. */
export function describeAddress(text: string, { kind, wraps }: AddressClass): string {
  return wraps === undefined ? `${text} is ${WORDS[kind]}` : `${text} wraps ${wraps}, ${WORDS[kind]}`
}

/** One spelling for each address, to compare by. */
export const canonicalAddress = (text: string): string => (isIP(text) === 0 ? text : parse(text).toString())
