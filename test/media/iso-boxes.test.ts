import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { box, boxOf, fields } from '../../scripts/fixtures/iso-writer.ts'
import { bytesSource } from '../../src/media/byte-source.ts'
import { createBoxWalker, type IsoBox } from '../../src/media/iso-boxes.ts'
import { countingSource, sparseSource } from '../support/media.ts'

interface Walked {
  readonly boxes: readonly IsoBox[]
  readonly reasons: readonly string[]
}

function walk(file: Uint8Array, range: { start?: number; end?: number; numbered?: boolean } = {}): Walked {
  const reasons: string[] = []
  const walker = createBoxWalker(bytesSource(file), (reason) => reasons.push(reason))
  return { boxes: [...walker.boxes({ start: 0, end: file.length, ...range })], reasons }
}

const body = Buffer.from('body')

test('gives type, body and end of each box, whatever its size is written in', () => {
  const file = Buffer.concat([box('ftyp', body), box('mdat', body, 'wide'), box('moov', body, 'open')])
  expect(walk(file)).toEqual({
    boxes: [
      { type: 'ftyp', bodyStart: 8, end: 12, cutOff: false },
      { type: 'mdat', bodyStart: 28, end: 32, cutOff: false },
      { type: 'moov', bodyStart: 40, end: 44, cutOff: false },
    ],
    reasons: [],
  })
})

describe('what ends a level early', () => {
  const good = box('free', body)
  const rows: readonly (readonly [name: string, bytes: Uint8Array, types: readonly string[], reason: string[]])[] = [
    ['a size that is smaller than its own field', fields(7, 'free', body), [], ['there is no box at byte 12']],
    ['a size of 64 bits that is smaller than its head', fields(1, 'free', 0, 15), [], ['there is no box at byte 12']],
    ['a size of 64 bits that is cut off', fields(1, 'free', 0), [], ['there is no box at byte 12']],
    ['a type that no box has', fields(8, 'a\x01bc'), [], ['there is no box at byte 12']],
    ['a head that is cut off', fields(8, 'fr'), [], ['there is no box at byte 12']],
    ['a body that is cut off', fields(13, 'free', body), ['free'], ['the file ends inside its free box']],
    ['the largest size of 32 bits', fields(0xffffffff, 'mdat'), ['mdat'], ['the file ends inside its mdat box']],
    [
      'the largest size of 64 bits',
      fields(1, 'mdat', 0xffffffff, 0xffffffff),
      ['mdat'],
      ['the file ends inside its mdat box'],
    ],
    ['zero bytes', Buffer.alloc(100), [], []],
    ['the four zero bytes that end user data', Buffer.alloc(4), [], []],
  ]
  test.each(rows)('%s', (_, bytes, types, reasons) => {
    const found = walk(Buffer.concat([good, bytes]))
    expect(found.boxes.map(({ type }) => type)).toEqual(['free', ...types])
    expect(found.boxes.every(({ end }) => end <= good.length + bytes.length)).toBe(true)
    expect(found.boxes.filter(({ cutOff }) => cutOff)).toHaveLength(types.length)
    expect(found.reasons).toEqual(reasons)
  })
})

test('a box cannot be larger than the one around it', () => {
  const file = Buffer.concat([boxOf('moov', fields(100, 'udta', body)), Buffer.alloc(200, 1)])
  expect(walk(file, { start: 8, end: 20 })).toEqual({
    boxes: [{ type: 'udta', bodyStart: 16, end: 20, cutOff: true }],
    reasons: ['a udta box is larger than what it lies in'],
  })
})

test('a file that is cut off inside many levels is told once', () => {
  const file = fields(100, 'moov', fields(80, 'udta', fields(60, 'meta', body)))
  const reasons: string[] = []
  const walker = createBoxWalker(bytesSource(file), (reason) => reasons.push(reason))
  for (let range = { start: 0, end: file.length }; ; ) {
    const [inner] = walker.boxes(range)
    if (inner === undefined || inner.type === 'meta') break
    range = { start: inner.bodyStart, end: inner.end }
  }
  expect(reasons).toEqual(['the file ends inside its moov box'])
})

test('items may be numbered where they may', () => {
  const file = box(1, body)
  expect(walk(file).reasons).toEqual(['there is no box at byte 0'])
  expect(walk(file, { numbered: true }).boxes).toEqual([{ type: '\0\0\0\x01', bodyStart: 8, end: 12, cutOff: false }])
})

test('more boxes than any real file has are not looked at', () => {
  const tiny = box('free', Buffer.alloc(0))
  const found = walk(Buffer.concat(Array<Buffer>(100_001).fill(tiny)))
  expect(found.boxes).toHaveLength(100_000)
  expect(found.reasons).toEqual(['it has more than 100000 boxes'])
})

test('bodies are passed over without being read', () => {
  const huge = fields(1, 'mdat', 5, 0)
  const at = 5 * 2 ** 32
  const source = countingSource(
    sparseSource(at + 8, [
      [0, huge],
      [at, box('free', Buffer.alloc(0))],
    ]),
  )
  const walker = createBoxWalker(source, () => {})
  expect([...walker.boxes({ start: 0, end: source.sizeBytes })].map(({ type }) => type)).toEqual(['mdat', 'free'])
  expect(source.bytesRead).toBeLessThan(100)
})

test('any boxes come back as they were written', () => {
  const one = fc.record({
    type: fc.constantFrom('free', 'moov', '\xa9cmt', '----', 'a  b'),
    body: fc.uint8Array({ maxLength: 50 }),
    size: fc.constantFrom('plain', 'wide'),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 20 }), (boxes) => {
      const file = Buffer.concat(boxes.map(({ type, body, size }) => box(type, body, size)))
      const found = walk(file)
      expect(found.reasons).toEqual([])
      expect(found.boxes.map(({ type, bodyStart, end }) => [type, [...file.subarray(bodyStart, end)]])).toEqual(
        boxes.map(({ type, body }) => [type, [...body]]),
      )
    }),
  )
})
