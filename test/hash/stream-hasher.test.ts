import { afterAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { createHashPool } from '../../src/hash/pool.ts'
import { failureOf } from './outcome.ts'

const pool = createHashPool({ size: 2 })
afterAll(() => pool.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const PIECE = 256 * 1024

async function digestOf(chunks: readonly Uint8Array[]): Promise<{ sha256: string; sizeBytes: number }> {
  const hasher = await pool.createStreamHasher()
  for (const chunk of chunks) await hasher.update(chunk)
  return await hasher.digest()
}

test.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 4 * PIECE, 9 * PIECE + 7])('%d bytes in one chunk', async (size) => {
  const bytes = Buffer.alloc(size, 'airkeep')
  expect(await digestOf([bytes])).toEqual({ sha256: sha256(bytes), sizeBytes: size })
})

test('any splits and any saves and restores between give the digest of the whole', async () => {
  const step = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(3 * PIECE).map((size) => Buffer.alloc(size, size)),
    ),
    save: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      let hasher = await pool.createStreamHasher()
      for (const { bytes, save } of steps) {
        await hasher.update(bytes)
        if (!save) continue
        const restore = await hasher.save()
        hasher.dispose()
        hasher = await pool.createStreamHasher({ restore })
      }
      const whole = Buffer.concat(steps.map(({ bytes }) => bytes))
      expect(await hasher.digest()).toEqual({ sha256: sha256(whole) as never, sizeBytes: whole.length })
    }),
    { numRuns: 40 },
  )
})

test('calls that are not awaited keep their order', async () => {
  const hasher = await pool.createStreamHasher()
  const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(40_000 + i, i))
  for (const chunk of chunks) void hasher.update(chunk)
  const saved = hasher.save()
  void hasher.update(Buffer.from('more'))
  expect((await hasher.digest()).sha256 as string).toBe(sha256(Buffer.concat([...chunks, Buffer.from('more')])))
  const restored = await pool.createStreamHasher({ restore: await saved })
  expect((await restored.digest()).sha256 as string).toBe(sha256(Buffer.concat(chunks)))
})

test('a chunk belongs to the caller again when update resolved', async () => {
  const hasher = await pool.createStreamHasher()
  const chunk = Buffer.alloc(3 * PIECE + 5)
  for (const fill of [1, 2, 3]) {
    chunk.fill(fill)
    await hasher.update(chunk)
  }
  chunk.fill(9)
  const whole = Buffer.concat([1, 2, 3].map((fill) => Buffer.alloc(3 * PIECE + 5, fill)))
  expect((await hasher.digest()).sha256 as string).toBe(sha256(whole))
})

test('50 open streams take turns, and starve no file', async () => {
  const hashers = await Promise.all(Array.from({ length: 50 }, () => pool.createStreamHasher()))
  const here = fileURLToPath(import.meta.url)
  const files = await Promise.all(Array.from({ length: 20 }, () => pool.hashFile(here)))
  expect(new Set(files.map((file) => file.sha256)).size).toBe(1)
  const digests = await Promise.all(
    hashers.map(async (hasher, index) => {
      for (let turn = 0; turn < 3; turn++) await hasher.update(Buffer.alloc(PIECE / 2 + index, index))
      return (await hasher.digest()).sha256 as string
    }),
  )
  for (const [index, digest] of digests.entries()) {
    expect(digest).toBe(sha256(Buffer.alloc(3 * (PIECE / 2 + index), index)))
  }
})

describe('restore', () => {
  test('refuses foreign bytes, and the worker goes on', async () => {
    const failure = await failureOf(pool.createStreamHasher({ restore: Buffer.from('foreign') }))
    expect(failure.code).toBe('invalid_input')
    expect((await digestOf([Buffer.from('a')])).sha256).toBe(sha256(Buffer.from('a')))
  })
})

describe('an end before the digest', () => {
  test('dispose rejects what waits and what comes later, and may be repeated', async () => {
    const hasher = await pool.createStreamHasher()
    const waiting = failureOf(hasher.update(Buffer.alloc(40 * PIECE)))
    hasher.dispose()
    hasher.dispose()
    expect((await waiting).code).toBe('cancelled')
    expect((await failureOf(hasher.digest())).code).toBe('cancelled')
  })

  test('abort does the same, at once', async () => {
    expect((await failureOf(pool.createStreamHasher({ signal: AbortSignal.abort() }))).code).toBe('cancelled')
    const stop = new AbortController()
    const hasher = await pool.createStreamHasher({ signal: stop.signal })
    await hasher.update(Buffer.alloc(PIECE))
    const waiting = failureOf(hasher.update(Buffer.alloc(40 * PIECE)))
    stop.abort()
    expect((await waiting).code).toBe('cancelled')
    expect((await failureOf(hasher.save())).code).toBe('cancelled')
  })

  test('abort while it opens', async () => {
    const fresh = createHashPool({ size: 1 })
    const stop = new AbortController()
    const opening = failureOf(fresh.createStreamHasher({ signal: stop.signal }))
    stop.abort()
    expect((await opening).code).toBe('cancelled')
    await fresh.close()
  })

  test('closing the pool cancels open streams', async () => {
    const closing = createHashPool({ size: 1 })
    const hasher = await closing.createStreamHasher()
    const waiting = failureOf(hasher.update(Buffer.alloc(40 * PIECE)))
    await closing.close()
    expect((await waiting).code).toBe('cancelled')
    expect((await failureOf(hasher.digest())).code).toBe('cancelled')
  })

  test('a digest ends it, and dispose after it does nothing', async () => {
    const hasher = await pool.createStreamHasher()
    await hasher.digest()
    hasher.dispose()
    expect(hasher.update(Buffer.alloc(1))).rejects.toThrow('after its digest')
  })
})

describe('a worker that misbehaves', () => {
  const workerUrl = new URL('./faulty-worker.ts', import.meta.url)

  test('and never takes a piece stops the writer after a mebibyte', async () => {
    const silent = createHashPool({ size: 1, workerUrl })
    const hasher = await silent.createStreamHasher()
    await hasher.update(Buffer.alloc(4 * PIECE))
    let accepted = false
    const next = hasher.update(Buffer.alloc(1)).then(() => {
      accepted = true
    })
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(accepted).toBe(false)
    hasher.dispose()
    expect((await failureOf(next)).code).toBe('cancelled')
    await silent.close()
  })

  test('and answers after the end is not believed', async () => {
    const late = createHashPool({ size: 1, workerUrl })
    const stop = new AbortController()
    const hasher = await late.createStreamHasher({ signal: stop.signal })
    const digest = failureOf(hasher.digest())
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    expect((await digest).code).toBe('cancelled')
    await late.close()
  })

  test('and crashes fails its streams; the next stream has a new one', async () => {
    const crashing = createHashPool({ size: 1, workerUrl })
    const [first, second] = await Promise.all([crashing.createStreamHasher(), crashing.createStreamHasher()])
    expect((await failureOf(first.save())).code).toBe('internal')
    expect((await failureOf(second.update(Buffer.alloc(9 * PIECE)))).code).toBe('internal')
    const third = await crashing.createStreamHasher()
    await third.update(Buffer.alloc(1))
    await crashing.close()
  })
})
