import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { toInputJsonSchema } from '../../src/operation/json-schema.ts'
import { mergeCivitaiPair } from '../../src/track/civitai-pair.ts'
import { metadataField } from '../../src/track/metadata-field.ts'
import { toTime, toTimeRange } from '../../src/track/time-range.ts'

describe('metadata', () => {
  const schema = v.strictObject({ metadata: v.optional(metadataField) })

  test('any JSON object stays exactly as it came', () => {
    const anyObject = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('constructor', 'prototype', 'toString')),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(anyObject, (metadata) => {
        const result = v.safeParse(schema, { metadata })
        expect(result.success).toBe(true)
        expect(result.output).toEqual({ metadata })
      }),
    )
  })

  test.each([[[1, 2]], [[]], ['text'], [5], [true], [null]])('%p is none', (metadata) => {
    const result = v.safeParse(schema, { metadata })
    expect(result.issues?.map(({ message, path }) => [message, path?.[0].key])).toEqual([
      ['metadata must be a JSON object', 'metadata'],
    ])
  })

  test('counts bytes, not characters', () => {
    const fits = { x: 'é'.repeat((2 ** 20 - 8) / 2) }
    expect(v.safeParse(schema, { metadata: fits }).success).toBe(true)
    expect(v.safeParse(schema, { metadata: { x: `${fits.x}é` } }).success).toBe(false)
  })

  test('is an object to JSON Schema', () => {
    expect(toInputJsonSchema(schema).properties?.['metadata']).toMatchObject({
      type: 'object',
      description: expect.stringContaining('1 MiB'),
    })
  })
})

describe('times', () => {
  test.each([
    ['2025-01-15T10:00:00Z', '2025-01-15T10:00:00.000Z'],
    ['2025-01-15', '2025-01-15T00:00:00.000Z'],
    ['2025-01-15T10:00Z', '2025-01-15T10:00:00.000Z'],
    ['2025-01-15T10:00:00.123456Z', '2025-01-15T10:00:00.123Z'],
    ['2025-01-15T00:30:00+02:00', '2025-01-14T22:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('%s', (text, expected) => {
    expect(new Date(toTime('since', text)).toISOString()).toBe(expected)
  })

  test.each([
    '2025-02-29',
    '2025-02-30T00:00:00Z',
    '2025-13-01',
    '2025-00-10',
    '2025-01-32',
    '2025-01-15T25:00:00Z',
    '2025-01-15T10:61:00Z',
  ])('%s does not exist', (text) => {
    expect(() => toTime('since', text)).toThrow('since must be an ISO 8601 time such as 2025-01-15T10:00:00Z')
  })

  test('a range includes both ends and may lack either', () => {
    expect(toTimeRange({})).toEqual({ from: undefined, to: undefined })
    expect(toTimeRange({ start_time: '1970-01-01', end_time: '1970-01-01' })).toEqual({ from: 0, to: 0 })
    expect(() => toTimeRange({ start_time: '1970-01-02', end_time: '1970-01-01' })).toThrow(
      'start_time must not be after end_time',
    )
  })
})

describe('number and address on Civitai', () => {
  const url = (id: number): string => `https://civitai.com/images/${id}`
  const stored = { civitaiId: '1', civitaiUrl: url(1) }

  test.each<[object, typeof stored | undefined, object]>([
    [{}, undefined, { civitaiId: null, civitaiUrl: null }],
    [{}, stored, stored],
    [{ civitai_id: '2' }, undefined, { civitaiId: '2', civitaiUrl: null }],
    [{ civitai_url: url(2) }, undefined, { civitaiId: '2', civitaiUrl: url(2) }],
    [{ civitai_url: url(2) }, stored, { civitaiId: '2', civitaiUrl: url(2) }],
    [{ civitai_id: '1' }, stored, stored],
    [{ civitai_id: '2', civitai_url: url(2) }, stored, { civitaiId: '2', civitaiUrl: url(2) }],
    [{ civitai_id: '2', civitai_url: null }, stored, { civitaiId: '2', civitaiUrl: null }],
    [{ civitai_id: null }, stored, { civitaiId: null, civitaiUrl: url(1) }],
    [{ civitai_url: null }, stored, { civitaiId: '1', civitaiUrl: null }],
    [{ civitai_id: null, civitai_url: null }, stored, { civitaiId: null, civitaiUrl: null }],
  ])('%p on %p', (given, before, expected) => {
    expect(mergeCivitaiPair('image', given, before)).toEqual(expected as never)
  })

  test.each([{ civitai_id: '2' }, { civitai_id: '3', civitai_url: url(2) }, { civitai_id: null, civitai_url: url(2) }])(
    '%p disagrees',
    (given) => {
      expect(() => mergeCivitaiPair('image', given, stored)).toThrow('civitai_id and civitai_url must not disagree')
    },
  )
})
