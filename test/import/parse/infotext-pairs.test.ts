import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatPairs, quoteValue } from '../../../scripts/fixtures/infotext-writer.ts'
import { parseNamedHashes } from '../../../src/import/parse/infotext/named-hashes.ts'
import { scanPairs } from '../../../src/import/parse/infotext/pairs.ts'

/** A1111 does not quote blanks and quotes at a value's ends: they are lost in its own format. */
const writable = (value: string): string => value.replace(/^[\s\0-\x20"]+|[\s\0-\x20]+$/g, '')

const scan = (text: string): [string, string][] => scanPairs(text, 0).pairs.map(({ key, value }) => [key, value])

describe('pairs', () => {
  const rows: readonly (readonly [line: string, pairs: [string, string][]])[] = [
    [
      'Steps: 20, CFG scale: 7',
      [
        ['Steps', '20'],
        ['CFG scale', '7'],
      ],
    ],
    [
      'a: "x, y: \\"z\\"\\n", b: 1',
      [
        ['a', 'x, y: "z"\n'],
        ['b', '1'],
      ],
    ],
    [
      'Created Date: 2026-01-04T01:27:21Z, b: 1',
      [
        ['Created Date', '2026-01-04T01:27:21Z'],
        ['b', '1'],
      ],
    ],
    [
      'Tiling, b: 1',
      [
        ['Tiling', 'Tiling'],
        ['b', '1'],
      ],
    ],
    [
      'a: , b: 1',
      [
        ['a', ''],
        ['b', '1'],
      ],
    ],
    [
      'a: "unclosed, b: 1',
      [
        ['a', '"unclosed'],
        ['b', '1'],
      ],
    ],
    [
      'a: "x" y, b: 1',
      [
        ['a', '"x" y'],
        ['b', '1'],
      ],
    ],
    [
      'a: "back\\slash", b: 1',
      [
        ['a', 'back\\slash'],
        ['b', '1'],
      ],
    ],
    [
      'a: {"x": "}", "y": [1, 2]}, b: 1',
      [
        ['a', '{"x": "}", "y": [1, 2]}'],
        ['b', '1'],
      ],
    ],
    [
      'a: {unbalanced, b: 1',
      [
        ['a', '{unbalanced'],
        ['b', '1'],
      ],
    ],
    [
      'a: [hash] name, b: 1',
      [
        ['a', '[hash] name'],
        ['b', '1'],
      ],
    ],
    [
      'a: {x|y} cat, b: 1',
      [
        ['a', '{x|y} cat'],
        ['b', '1'],
      ],
    ],
    ['a: 1\nb: 2', [['a', '1']]],
    ['', []],
  ]
  test.each(rows)('%j', (line, pairs) => {
    expect(scan(line)).toEqual(pairs)
  })

  test('what is quoted comes back', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.stringMatching(/^[A-Za-z][\w -]{0,10}\w$/), fc.string({ unit: 'grapheme' }).map(writable)),
        ),
        (made) => {
          const line = formatPairs(made)
          expect(line).not.toContain('\n')
          expect(scanPairs(line, 0)).toEqual({ pairs: made.map(([key, value]) => ({ key, value })), end: line.length })
        },
      ),
      { numRuns: 500 },
    )
  })

  test('quotes as A1111 does', () => {
    expect(['a b', 'a, b', 'a: b', 'a\nb', 'é墨'].map(quoteValue)).toEqual([
      'a b',
      '"a, b"',
      '"a: b"',
      '"a\\nb"',
      'é墨',
    ])
  })

  test('any text ends in an answer that lies inside the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a:,"{}[]\\ \n') }), (text) => {
        const { end } = scanPairs(text, 0)
        expect(end).toBeLessThanOrEqual(text.length)
        expect(end === text.length || text[end] === '\n').toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('named hashes', () => {
  const rows: readonly (readonly [list: string, entries: unknown[]])[] = [
    ['a: 0123456789ab', [{ name: 'a', hash: '0123456789ab' }]],
    ['a b (v1.0): 0123456789', [{ name: 'a b (v1.0)', hash: '0123456789' }]],
    ['a: 0123456789: 0.8', [{ name: 'a', hash: '0123456789', weight: 0.8 }]],
    ['a: 0.8', [{ name: 'a', weight: 0.8 }]],
    ['a: , b', [{ name: 'a' }, { name: 'b' }]],
    ['x: y: 0123456789', [{ name: 'x:y', hash: '0123456789' }]],
    ['"a: 01234567"', [{ name: 'a', hash: '01234567' }]],
    ['0123456789', [{ name: '0123456789' }]],
    [' , ,', []],
  ]
  test.each(rows)('%j', (list, entries) => {
    expect(parseNamedHashes(list)).toEqual(entries as never)
  })
})
