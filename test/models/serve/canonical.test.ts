import { describe, expect, test } from 'bun:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { canonicalText, canonicalWithout, createPace } from '../../../src/models/serve/canonical.ts'
import { rejection } from '../../support/rejection.ts'

const json = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 4 }) as fc.Arbitrary<JsonValue>
const object = fc.dictionary(fc.string({ unit: 'grapheme' }), json) as fc.Arbitrary<JsonObject>

describe('canonical text', () => {
  test('is that of RFC 8785, with the examples of its section 3.2', () => {
    // §3.2.2: the numbers and the text of the RFC's example.
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    expect(canonicalText(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
    // §3.2.3: UTF-16 code units give the order.
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 }
    expect(Object.values(JSON.parse(canonicalText(keys)) as object)).toHaveLength(7)
    expect([...canonicalText(keys).matchAll(/:(\d)/g)].map(([, digit]) => digit).join('')).toBe('2467153')
  })

  test('made piece by piece is the same as made at once', async () => {
    await fc.assert(
      fc.asyncProperty(object, fc.constantFrom('signature', 'a', ''), async (value, field) => {
        const { [field]: _, ...rest } = value
        expect(await canonicalWithout(value, field)).toBe(canonicalize(rest) as string)
      }),
      { numRuns: 300 },
    )
  })

  test('of what JSON in UTF-8 cannot hold there is none', async () => {
    expect(() => canonicalText('\ud800')).toThrow()
    let deep: JsonValue = []
    for (let level = 0; level < 200_000; level += 1) deep = [deep]
    expect(await rejection(canonicalWithout({ deep }, 'x'))).toBeInstanceOf(RangeError)
  })
})

test('long work lets timers run', async () => {
  let ticks = 0
  const timer = setInterval(() => (ticks += 1), 1)
  const pace = createPace(1)
  // Bounded by the work and not by a clock: a busy machine only makes it longer.
  for (let step = 0; step < 10_000_000 && ticks <= 5; step += 1) await pace()
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(5)
})
