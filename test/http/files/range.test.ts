import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { runtimes } from '../runtimes.ts'
import type { World } from '../world.ts'
import { sha256Of, someBytes, writeModel } from './model-on-disk.ts'

type Expected = { readonly status: 200 | 416 } | { readonly status: 206; readonly from: number; readonly to: number }

/** The rules as RFC 9110 tells them, one after another, over numbers of any size. */
function reference(header: string, size: number): Expected {
  const [unit = '', ...rest] = header.split('=')
  if (unit.toLowerCase() !== 'bytes' || rest.length === 0) return { status: 200 }
  const elements = rest
    .join('=')
    .split(',')
    .map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((element) => element.length > 0)
  if (elements.length === 0) return { status: 200 }
  for (const element of elements) {
    const [first = '', last = '', ...more] = element.split('-')
    const digits = [first, last].every((part) => [...part].every((char) => '0123456789'.includes(char)))
    if (!element.includes('-') || more.length > 0 || !digits || first + last === '') return { status: 200 }
    if (first !== '' && last !== '' && BigInt(first) > BigInt(last)) return { status: 200 }
  }
  if (elements.length > 1) return { status: 416 }
  const [first = '', last = ''] = (elements[0] ?? '').split('-')
  const end = BigInt(size)
  if (first === '') {
    if (BigInt(last) === 0n) return { status: 416 }
    const from = BigInt(last) > end ? 0n : end - BigInt(last)
    return { status: 206, from: Number(from), to: size }
  }
  if (BigInt(first) >= end) return { status: 416 }
  const to = last === '' || BigInt(last) >= end ? end : BigInt(last) + 1n
  return { status: 206, from: Number(BigInt(first)), to: Number(to) }
}

const SIZES = [1, 2, 999, 70_000]
const number = fc.oneof(
  fc.nat(10).map(String),
  fc.nat(80_000).map(String),
  fc.constantFrom('', '00', '007', '998', '999', '69999', '70000', '9007199254740993', '99999999999999999999999'),
)
const spec = fc.tuple(number, number).map(([first, last]) => `${first}-${last}`)
const wellFormed = fc.array(spec, { minLength: 1, maxLength: 3 }).map((specs) => `bytes=${specs.join(',')}`)
const spaced = fc
  .tuple(spec, fc.constantFrom(' ', ',', ', ', '\t'))
  .map(([one, space]) => `Bytes=${space}${one}${space}`)
const anything = fc.string({ unit: fc.constantFrom(...'bytes=0123456789-, x'), maxLength: 20 })

describe.each(runtimes())('any Range header, on %s', (_runtime, start) => {
  let dir: TempDir
  let t: World
  let url: string
  const files = new Map<number, Buffer>()
  beforeAll(async () => {
    dir = tempDir()
    for (const size of SIZES) files.set(size, someBytes(size, size))
    const models = [...files].map(([size, bytes]) => writeModel(join(dir.path, `${size}.bin`), bytes))
    t = await start({ files: { models } })
    url = (await t.listen()).url
  })
  afterAll(async () => {
    await t[Symbol.asyncDispose]()
    dir[Symbol.dispose]()
  })

  test('gives the status and the bytes that the rules say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SIZES),
        fc.oneof({ weight: 4, arbitrary: wellFormed }, spaced, anything),
        async (size, range) => {
          const bytes = files.get(size) ?? Buffer.alloc(0)
          // Header values come without the white space around them.
          const expected = reference(range.trim(), size)
          const response = await fetch(`${url}/v1/models/download?hash=${sha256Of(bytes)}`, { headers: { range } })
          const body = Buffer.from(await response.arrayBuffer())
          expect(response.status).toBe(expected.status)
          if (expected.status === 200) expect(body.equals(bytes)).toBe(true)
          if (expected.status !== 206) return
          expect(body.equals(bytes.subarray(expected.from, expected.to))).toBe(true)
          expect(response.headers.get('content-range')).toBe(`bytes ${expected.from}-${expected.to - 1}/${size}`)
          expect(response.headers.get('content-length')).toBe(String(expected.to - expected.from))
        },
      ),
      { numRuns: 300 },
    )
  })
})
