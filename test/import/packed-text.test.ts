import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { packTexts } from '../../src/import/packed-text.ts'
import { packTextsNow, unpackTextsNow } from '../../src/import/packed-text-now.ts'

test('texts come back as they were, long ones packed', async () => {
  const repeated = fc
    .tuple(fc.string({ unit: 'grapheme' }), fc.nat(200_000))
    .map(([text, times]) => text.repeat(times).slice(0, 300_000))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ place: fc.string(), key: fc.string(), text: repeated.map((text) => text.toWellFormed()) })),
      async (texts) => {
        expect(unpackTextsNow(await packTexts(texts))).toEqual(texts)
        expect(unpackTextsNow(packTextsNow(texts))).toEqual(texts)
      },
    ),
    { numRuns: 30 },
  )
  const [short, long] = await packTexts([
    { place: 'a', key: '', text: 'short' },
    { place: 'b', key: '', text: '{"nodes": []}'.repeat(100_000) },
  ])
  expect(short).toEqual({ place: 'a', key: '', text: 'short' })
  expect(long?.text).toBeUndefined()
  expect(JSON.stringify(long).length).toBeLessThan(20_000)
})

test('what is damaged is told', () => {
  expect(() => unpackTextsNow([{ place: 'a', key: '', gzip: 'AAAA' }])).toThrow('cannot be read')
})

test('a job keeps no more than fits into a row of a database', () => {
  const many = Array.from({ length: 300 }, (_, at) => ({ place: String(at), key: '', text: 'x'.repeat(120_000) }))
  expect(() => packTextsNow(many)).toThrow('more than a job can keep')
  expect(packTextsNow(many.slice(100))).toHaveLength(200)
})
