import { beforeEach, describe, expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import type { Sha256 } from '../../src/hash/digest.ts'
import type { FileDigest } from '../../src/hash/whole-file.ts'
import { createHashQueue, type HashFile, type HashQueue, type ReadTime } from '../../src/models/hash-queue.ts'

interface Reading {
  readonly path: string
  readonly all: boolean
  readonly turns: number
  readonly signal: AbortSignal
  tell(done: number, time?: ReadTime): void
  end(time?: Partial<ReadTime>): Promise<void>
  fail(error: Error): Promise<void>
}

/** A disk whose reads end when the test says so. */
let readings: Reading[]
let begun: string[]

const hashFile = ((path, options) =>
  new Promise<FileDigest>((resolve, reject) => {
    const leave = (): void => {
      readings = readings.filter((each) => each !== reading)
    }
    const reading: Reading = {
      path,
      all: options.blake3 === true && options.crc32 === true,
      turns: options.turns,
      signal: options.signal,
      tell: (done, time) => options.onProgress(done, 100, time),
      async end(time = {}) {
        leave()
        resolve({
          sha256: path.padEnd(64, '0') as Sha256,
          sizeBytes: 100,
          engine: 'native',
          seconds: 1,
          readSeconds: 1,
          ...time,
        } as FileDigest)
        await setImmediate()
      },
      async fail(error) {
        leave()
        reject(error)
        await setImmediate()
      },
    }
    options.signal.addEventListener('abort', () => {
      leave()
      reject(options.signal.reason)
    })
    begun.push(path)
    readings.push(reading)
  })) as HashFile

const never = new AbortController().signal
const paths = (): string[] => readings.map(({ path }) => path)
const reading = (path: string): Reading => {
  const found = readings.find((each) => each.path === path)
  if (found === undefined) throw new Error(`${path} is not being read`)
  return found
}
const SLOW_DISK: ReadTime = { readSeconds: 0.5, turnSeconds: 0.4, seconds: 1 }
const FAST_DISK: ReadTime = { readSeconds: 0.1, turnSeconds: 0, seconds: 1 }

let queue: HashQueue
beforeEach(() => {
  readings = []
  begun = []
  queue = createHashQueue(hashFile, 2)
})

function ask(path: string, device = 'sda', priority: 'now' | 'background' = 'background', signal = never) {
  const asked = queue.digest({ path, device }, { priority, signal })
  asked.catch(() => {})
  return asked
}

/** Nobody looks at what comes of it. */
const request = (...args: Parameters<typeof ask>): void => void ask(...args)

describe('files of one disk', () => {
  test('are read one after another while the disk is the slower part', async () => {
    request('a')
    request('b')
    request('c')
    expect(paths()).toEqual(['a'])
    reading('a').tell(10, SLOW_DISK)
    expect(paths()).toEqual(['a'])
    await reading('a').end(SLOW_DISK)
    expect(paths()).toEqual(['b'])
  })

  test('are read as many at once as there are cores while hashing is the slower part', () => {
    for (const path of ['a', 'b', 'c', 'd']) request(path)
    reading('a').tell(10, FAST_DISK)
    expect(paths()).toEqual(['a', 'b'])
  })

  test('take turns in reading', () => {
    request('a')
    request('b')
    reading('a').tell(10, FAST_DISK)
    expect(reading('a').turns).toBe(reading('b').turns)
  })
})

test('another disk is read beside the first', () => {
  request('a', 'sda')
  request('b', 'sda')
  request('c', 'sdb')
  expect(paths()).toEqual(['a', 'c'])
  expect(reading('a').turns).not.toBe(reading('c').turns)
})

test('a file that somebody waits for is read at once, beside what runs, and goes before the others', () => {
  request('a')
  request('b', 'sdb')
  request('c')
  request('d', 'sda', 'now')
  expect(paths()).toEqual(['a', 'b', 'd'])
})

test('a file that waits in the background goes first when somebody asks for it', async () => {
  for (const path of ['a', 'b', 'c']) request(path)
  request('c', 'sda', 'now')
  expect(paths()).toEqual(['a', 'c'])
})

test('one reading serves whoever asks for the file', async () => {
  const heard: number[] = []
  const first = ask('a')
  const second = queue.digest(
    { path: 'a', device: 'sda' },
    { priority: 'now', signal: never, onBytes: (done) => heard.push(done) },
  )
  expect(paths()).toEqual(['a'])
  reading('a').tell(40)
  await reading('a').end()
  expect((await first).sha256).toBe((await second).sha256)
  expect(heard).toEqual([40])
  expect(begun).toEqual(['a'])
})

test('more digests than are being read need a reading of their own', async () => {
  const few = ask('a')
  const all = queue.digest({ path: 'a', device: 'sda' }, { priority: 'now', signal: never, all: true })
  expect(readings.map((each) => each.all)).toEqual([false, true])
  for (const each of readings) await each.end()
  await few
  await all
})

test('whoever stops waiting leaves the reading to the others; the last one ends it', async () => {
  const one = new AbortController()
  const two = new AbortController()
  const first = ask('a', 'sda', 'now', one.signal)
  const second = ask('a', 'sda', 'now', two.signal)
  one.abort(new Error('enough'))
  expect(await first.catch((error: Error) => error.message)).toBe('enough')
  expect(paths()).toEqual(['a'])
  two.abort(new Error('enough too'))
  expect(await second.catch((error: Error) => error.message)).toBe('enough too')
  expect(paths()).toEqual([])
})

test('a file that nobody waits for any more is not begun', async () => {
  const abort = new AbortController()
  request('a')
  request('b', 'sda', 'background', abort.signal)
  request('c')
  abort.abort(new Error('enough'))
  await reading('a').end()
  expect(begun).toEqual(['a', 'c'])
})

test('a failure is told to all and holds up nobody else', async () => {
  const first = ask('a')
  const second = ask('a')
  request('b')
  await reading('a').fail(new Error('gone'))
  expect(await first.catch((error: Error) => error.message)).toBe('gone')
  expect(await second.catch((error: Error) => error.message)).toBe('gone')
  expect(paths()).toEqual(['b'])
})
