import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { closeSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createMediaKeeper, type KeeperOptions } from '../../src/track/media-keeper.ts'
import type { MediaContent } from '../../src/track/media-record.ts'
import { tempDir } from '../support/temp-dir.ts'

const folder = tempDir()
afterAll(() => folder[Symbol.dispose]())
let faults: unknown[] = []
beforeEach(() => {
  faults = []
})

const LETTERS = Buffer.from('abcdefghijklmnopqrstuvwxyz')
const aKeeper = (over: Partial<KeeperOptions> = {}) =>
  createMediaKeeper({
    tempDir: folder.path,
    heldBytes: 10,
    maxBytes: 26,
    expectedBytes: undefined,
    onFault: (error) => faults.push(error),
    ...over,
  })
const filesThere = (): string[] => readdirSync(folder.path)

async function keep(bytes: Uint8Array, piece: number, over: Partial<KeeperOptions> = {}) {
  const keeper = aKeeper(over)
  for (let at = 0; at < bytes.length; at += piece) await keeper.take(bytes.subarray(at, at + piece))
  return { keeper, content: await keeper.finish() }
}
const bytesOf = (content: MediaContent | undefined): string | undefined => {
  if (content === undefined) return undefined
  return ('path' in content ? readFileSync(content.path) : Buffer.from(content.bytes)).toString()
}

describe.each([1, 3, 7, 26])('in pieces of %p', (piece) => {
  test.each([0, 1, 9, 10])('%p bytes are held', async (size) => {
    const { content } = await keep(LETTERS.subarray(0, size), piece)
    expect(content).toEqual({ bytes: LETTERS.subarray(0, size) })
    expect(filesThere()).toEqual([])
  })

  test.each([11, 25, 26])('%p bytes go to a file of their own, which is gone afterwards', async (size) => {
    const { keeper, content } = await keep(LETTERS.subarray(0, size), piece)
    if (content === undefined || !('path' in content)) throw new Error('not on disk')
    expect(content).toEqual({ path: expect.stringMatching(/\/media_[0-9a-z]{20}$/), exact: false })
    expect(dirname(content.path)).toBe(folder.path)
    expect(statSync(content.path).mode & 0o777).toBe(0o600)
    expect(bytesOf(content)).toBe(LETTERS.toString('utf8', 0, size))
    await keeper.discard()
    expect(filesThere()).toEqual([])
    await keeper.discard()
    expect(faults).toEqual([])
  })

  test('of more than may be kept nothing is', async () => {
    const { content } = await keep(Buffer.concat([LETTERS, LETTERS]), piece)
    expect(content).toBeUndefined()
    expect(filesThere()).toEqual([])
    expect(faults).toEqual([])
  })
})

test('a body that says that it is too large is not begun', async () => {
  const keeper = aKeeper({ expectedBytes: 27, heldBytes: 2 })
  await keeper.take(LETTERS.subarray(0, 20))
  expect(filesThere()).toEqual([])
  expect(await keeper.finish()).toBeUndefined()
  const announced = await keep(LETTERS, 5, { expectedBytes: 26 })
  expect(bytesOf(announced.content)).toBe(LETTERS.toString())
  await announced.keeper.discard()
})

test('what is written in several goes is whole', async () => {
  const bytes = Buffer.alloc(5 * 2 ** 20 + 3, LETTERS)
  const { keeper, content } = await keep(bytes, 300_000, { maxBytes: bytes.length, heldBytes: 2 ** 21 })
  expect(bytesOf(content) === bytes.toString()).toBe(true)
  await keeper.discard()
  expect(filesThere()).toEqual([])
})

test('what is let go of in the middle leaves nothing', async () => {
  const keeper = aKeeper()
  await keeper.take(LETTERS.subarray(0, 20))
  await keeper.discard()
  await keeper.take(LETTERS.subarray(20))
  expect(await keeper.finish()).toBeUndefined()
  expect(filesThere()).toEqual([])
})

describe('a disk that does not do its part', () => {
  test('from the start', async () => {
    const { content } = await keep(LETTERS, 4, { tempDir: join(folder.path, 'missing') })
    expect(content).toBeUndefined()
    expect(faults).toEqual([expect.objectContaining({ code: 'ENOENT' })])
  })

  test.each(['while it is written', 'at its end'])('%s', async (when) => {
    const keeper = aKeeper({ maxBytes: 2 ** 22 })
    await keeper.take(LETTERS)
    const path = join(folder.path, filesThere()[0] ?? '')
    closeSync(descriptorOf(path))
    if (when === 'while it is written') await keeper.take(Buffer.alloc(2 ** 20))
    else await keeper.take(LETTERS)
    expect(faults.length > 0).toBe(when === 'while it is written')
    expect(await keeper.finish()).toBeUndefined()
    expect(faults[0]).toMatchObject({ code: 'EBADF' })
    expect(filesThere()).toEqual([])
  })
})

/** The number under which this process has a file open. */
function descriptorOf(path: string): number {
  const found = readdirSync('/proc/self/fd').find((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`${path} is not open`)
  return Number(found)
}
