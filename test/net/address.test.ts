import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type AddressKind, canonicalAddress, classifyAddress, describeAddress } from '../../src/net/address.ts'

const kinds: readonly [AddressKind, readonly string[]][] = [
  ['public', ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.255.255']],
  ['public', ['172.32.0.0', '192.167.255.255', '192.169.0.0', '169.253.255.255', '223.255.255.255']],
  ['public', ['2606:4700::1111', '2a00:1450:4001::1', '2600::', '2001:4860:4860::8888']],
  // Another spelling of a public IPv4 address, which hosts behind NAT64 need.
  ['public', ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8']],
  ['private', ['10.0.0.5', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255']],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
  ['link_local', ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', 'fe80::5efe:10.0.0.5']],
  ['shared', ['100.64.0.1', '100.127.255.255']],
  ['unique_local', ['fc00::1', 'fd12:3456::1', 'fdff::5efe:8.8.8.8']],
  ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
  ['broadcast', ['255.255.255.255']],
  // Documentation, benchmarks, protocol assignments, future use.
  ['reserved', ['192.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255', '240.0.0.1']],
  ['reserved', ['192.88.99.1', '2001:db8::1', '3fff::1', '2001:2::1', '2001:10::1', '2001:20::1', '100::1']],
  // Site-local and what nobody was ever given.
  ['reserved', ['fec0::1', '4000::1', '5f00::1', '8000::1', 'fe00::1']],
  ['private', ['::ffff:10.0.0.5', '::10.0.0.5', '::ffff:0:10.0.0.5', '64:ff9b::10.0.0.5', '2002:a00:5::1']],
  ['private', ['2001:0:808:808::f5ff:fffa', '2001:0:a00:5::f7f7:f7f7', '2a00::5efe:10.0.0.5', '2a00::200:5efe:a00:5']],
  ['loopback', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::']],
  ['link_local', ['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::']],
  // Tunnels to public addresses lead through somebody's relay; the local NAT64 prefix is a site's own.
  ['reserved', ['::8.8.8.8', '::ffff:0:8.8.8.8', '2002:808:808::1', '2001:0:808:808::f7f7:f7f7', '64:ff9b:1::808:808']],
  ['unreadable', ['', 'localhost', '127.1', '0177.0.0.1', '0x7f.1', '2130706433', '1.2.3.4.5', '[::1]', '10.0.0.5 ']],
]

describe('classifyAddress', () => {
  for (const [kind, addresses] of kinds) {
    test.each([...addresses])(`${kind}: %s`, (address) => {
      expect(classifyAddress(address).kind).toBe(kind)
    })
  }

  const octet = fc.integer({ min: 0, max: 255 })
  const inside = fc.oneof(
    fc.tuple(fc.constant(10), octet, octet, octet),
    fc.tuple(fc.constant(127), octet, octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  )
  const hex = (high: number, low: number, mask = 0): string => (((high << 8) | low) ^ mask).toString(16)

  test('no coat makes an inner address public', () => {
    fc.assert(
      fc.property(inside, ([a, b, c, d]) => {
        const [high, low] = [hex(a, b), hex(c, d)]
        const turned = `${hex(a, b, 0xffff)}:${hex(c, d, 0xffff)}`
        const coats = [
          `${a}.${b}.${c}.${d}`,
          `::ffff:${high}:${low}`,
          `::${high}:${low}`,
          `::ffff:0:${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `64:ff9b:1::${high}:${low}`,
          `2002:${high}:${low}::1`,
          `2001:0:${high}:${low}::${turned}`,
          `2001:0:808:808:0:0:${turned}`,
          `2a00::5efe:${high}:${low}`,
        ]
        for (const coat of coats) expect(classifyAddress(coat).kind).not.toBe('public')
      }),
    )
  })

  test('the URL parser brings every spelling of an IPv4 host to the one that is checked', () => {
    fc.assert(
      fc.property(inside, ([a, b, c, d]) => {
        const number = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
        const plain = `${a}.${b}.${c}.${d}`
        const spellings = [
          String(number),
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          `0${a.toString(8)}.0x${b.toString(16)}.${c * 256 + d}`,
          `${a}.${b * 65_536 + c * 256 + d}`,
          `${plain}.`,
          [...plain].map((character) => `%${character.charCodeAt(0).toString(16)}`).join(''),
          plain.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
          plain.replaceAll('.', '\u3002'),
        ]
        for (const spelling of spellings) expect(new URL(`http://${spelling}/`).hostname).toBe(plain)
      }),
    )
  })
})

test('describeAddress names the kind and what is wrapped', () => {
  const describe = (text: string): string => describeAddress(text, classifyAddress(text))
  expect(describe('10.0.0.5')).toBe('10.0.0.5 is a private address')
  expect(describe('::ffff:a00:5')).toBe('::ffff:a00:5 wraps 10.0.0.5, a private address')
})

test('canonicalAddress brings spellings of one address together', () => {
  expect(canonicalAddress('0:0:0:0:0:0:0:1')).toBe(canonicalAddress('::1'))
  expect(canonicalAddress('2A00::0001')).toBe(canonicalAddress('2a00::1'))
  expect(canonicalAddress('10.0.0.5')).not.toBe(canonicalAddress('::ffff:10.0.0.5'))
})
