import { describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync } from 'node:zlib'
import { createInflater } from '../../src/media/inflater.ts'

const ZEROS = deflateSync(Buffer.alloc(1000))

describe('pieces of one file together', () => {
  test('inflate to no more than the limit', () => {
    const inflate = createInflater(2500)
    expect([1, 2, 3, 4].map(() => inflate(ZEROS, 2000))).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: false, reason: 'it inflates to more than 500 bytes' },
      { ok: false, reason: 'the file inflates to more than 2500 bytes' },
    ])
  })

  test('count by what they can have inflated to where they fail', () => {
    const damaged = Buffer.from('no zlib')
    const inflate = createInflater(10_000)
    expect(inflate(damaged, 10_000)).toMatchObject({ ok: false, reason: 'its compressed data is damaged' })
    expect(inflate(ZEROS, 2000)).toMatchObject({ ok: true })
    expect(inflate(damaged, 10_000)).toMatchObject({ ok: false })
    expect(inflate(ZEROS, 2000)).toMatchObject({ ok: false, reason: 'the file inflates to more than 10000 bytes' })
  })

  test('count with their whole limit where nothing bounds what a byte becomes', () => {
    const inflate = createInflater(2000)
    expect(inflate(brotliCompressSync(Buffer.alloc(3000)), 2000, 'brotli').ok).toBe(false)
    expect(inflate(ZEROS, 2000).ok).toBe(false)
  })

  test('are no more than anybody writes', () => {
    const inflate = createInflater(2 ** 30)
    const empty = deflateSync(Buffer.alloc(0))
    const results = Array.from({ length: 10_001 }, () => inflate(empty, 2000))
    expect(results.findIndex(({ ok }) => !ok)).toBe(10_000)
    expect(results.at(-1)).toEqual({ ok: false, reason: 'the file has more than 10000 compressed pieces' })
  })
})
