import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createProgressLine, formatBytes, progressBar } from '../../src/cli/progress.ts'
import { renderOutput } from '../../src/cli/render.ts'
import { renderTable } from '../../src/cli/table.ts'
import { padEnd, printable, textWidth, truncate } from '../../src/cli/text-width.ts'
import type { JsonObject } from '../../src/lib/json.ts'

describe('renderOutput', () => {
  const cases: readonly (readonly [what: string, output: JsonObject, text: string])[] = [
    [
      'a record',
      { id: '1', longer_name: null, on: true, list: ['a', 'b'] },
      'id           1\nlonger_name  -\non           true\nlist         a, b',
    ],
    ['several lines', { text: 'a\nb', n: 1 }, 'text  a\n      b\nn     1'],
    [
      'a record in a record',
      { a: 1, deep: { bb: { c: 'x' } }, none: {} },
      'a     1\ndeep:\n  bb:\n    c  x\nnone:  {}',
    ],
    ['rows in a record', { a: 1, rows: [{ x: 1 }, { x: 2, y: 'z' }] }, 'a     1\nrows:\n  X  Y\n  1\n  2  z'],
    ['an empty list', { a: 1, rows: [] }, 'a  1'],
    ['a list', { items: [{ x: 1 }], count: 1, limit: 5, offset: 0 }, 'X\n1'],
    ['a page of a list', { items: [{ x: 1 }], count: 7, limit: 1, offset: 0 }, 'X\n1\n(1 of 7)'],
    ['no rows', { civitai_posts: [], count: 0, limit: 5, offset: 0 }, 'No civitai posts'],
    ['a list with more beside it', { post_id: '1', items: [{ x: 1 }], count: 1 }, 'post_id  1\n\nX\n1'],
    ['a guide', { guide: '# Title\n\nText' }, '# Title\n\nText'],
    ['nothing', {}, ''],
  ]
  test.each(cases)('%s', (_, output, text) => {
    expect(renderOutput(output, undefined)).toBe(text)
  })

  test('never lets a value steer the terminal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.integer({ min: 1, max: 100 })), (value, columns) => {
        const output = {
          a: JSON.parse(JSON.stringify(value)),
          items: [{ b: JSON.parse(JSON.stringify(value)) }],
          count: 1,
        }
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
        expect(renderOutput(output, columns ?? undefined)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
      }),
    )
  })
})

describe('renderTable', () => {
  const rows = [
    { name: 'a', words: 'one two three four five', empty: null, object: { x: 1 } },
    { name: 'bb', words: 'six', empty: '', object: null },
  ]

  test('leaves out what is empty everywhere or holds objects', () => {
    expect(renderTable(rows, undefined)).toBe('NAME  WORDS\na     one two three four five\nbb    six')
  })

  test('shortens what does not fit', () => {
    expect(renderTable(rows, 20)).toBe('NAME  WORDS\na     one two three…\nbb    six')
  })

  test('rows of objects alone are shown as JSON', () => {
    expect(renderTable([{ a: { b: 1 } }], 80)).toBe('{"a":{"b":1}}')
  })

  test('rows without anything to show fit too', () => {
    expect(renderTable([{ a: null }], 8)).toHaveLength(8)
  })

  test('fits into the terminal, whatever the rows', () => {
    const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constant(null), fc.boolean())
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom('a', 'long_name', 'c', 'd'), cell, { minKeys: 1 }), { minLength: 1 }),
        fc.integer({ min: 8, max: 120 }),
        (table, columns) => {
          for (const line of renderTable(table as JsonObject[], columns).split('\n')) {
            expect(textWidth(line)).toBeLessThanOrEqual(columns)
          }
        },
      ),
    )
  })
})

describe('text width', () => {
  test.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['\u{1f600}', 2],
    ['', 0],
  ])('%j takes %i cells', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  test('truncate keeps within the width', () => {
    expect(truncate('日本語', 5)).toBe('日本…')
    expect(truncate('日本語', 4)).toBe('日…')
    expect(truncate('日本語', 6)).toBe('日本語')
    expect(padEnd('日', 4)).toBe('日  ')
  })

  test('printable', () => {
    expect(printable('a\tb\r\nc\x1b[2J\u202e')).toBe('a\tb\nc\\u001b[2J\\u202e')
  })
})

describe('progress', () => {
  test('is drawn at most ten times a second, cut to the line, and cleared once', () => {
    let text = ''
    let now = 0
    const line = createProgressLine(
      {
        isTerminal: true,
        columns: 12,
        async write(piece) {
          text += piece
        },
      },
      () => now,
    )
    line.clear()
    line.show('first and long')
    now = 99
    line.show('second')
    now = 100
    line.show('third')
    line.clear()
    line.clear()
    expect(text).toBe('\r\x1b[Kfirst and …\r\x1b[Kthird\r\x1b[K')
  })

  test.each([
    [0, 0, '[####################] 100 %'],
    [0, 10, '[                    ]   0 %'],
    [5, 10, '[##########          ]  50 %'],
    [99, 100, '[################### ]  99 %'],
    [20, 10, '[####################] 100 %'],
  ])('%i of %i', (done, total, bar) => {
    expect(progressBar(done, total)).toBe(bar)
  })

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [10 * 2 ** 40, '10.0 TiB'],
    [2 ** 60, '1048576.0 TiB'],
  ])('%i bytes', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
