import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUFFER_BYTES as BUFFER, type HashTime, TURN_BYTES } from '../../src/hash/file-pass.ts'
import { createHashPool, type HashedBytes } from '../../src/hash/pool.ts'
import { sampleOf } from '../../src/hash/sample.ts'
import { createTestFiles, openNames, patterned, sha256, timeless } from './content.ts'
import { failureOf } from './outcome.ts'
import { safetensors } from './safetensors-bytes.ts'

const files = createTestFiles()
const { dir, add: file } = files
const pool = createHashPool({ size: 2 })
afterAll(async () => {
  await pool.close()
  files.remove()
})

/** Longer to hash than any test may last. */
const endlessFile = (): string => files.addSparse(2 ** 40)

describe('files at rest', () => {
  test('tensors, AutoV1 and size come back from the worker', async () => {
    const data = new Uint8Array(0x110000).fill(3)
    const bytes = safetensors({}, data)
    expect(timeless(await pool.hashFile(file(bytes), { tensor: true }))).toEqual({
      sha256: sha256(bytes) as never,
      tensorSha256: sha256(data) as never,
      autoV1: sha256(bytes.subarray(0x100000, 0x110000)).slice(0, 8) as never,
      sizeBytes: bytes.length,
      engine: 'native',
    })
  })

  test.each(['native', 'wasm'] as const)('600 tiny and empty files at once, %s', async (engine) => {
    const sizes = [0, 1, 0, 64, 0, BUFFER - 1, BUFFER, BUFFER + 1, 0, 65]
    const contents = Array.from({ length: 600 }, (_, i) => Buffer.alloc(i % 60 < 10 ? (sizes[i % 10] ?? 0) : i % 3, i))
    const digests = await Promise.all(contents.map((bytes) => pool.hashFile(file(bytes), { engine })))
    for (const [index, digest] of digests.entries()) {
      expect(digest.sha256 as string).toBe(sha256(contents[index] ?? Buffer.from('none')))
      expect(digest.engine).toBe(engine)
    }
  })

  test('a symbolic link gives the file it names', async () => {
    const path = file(Buffer.from('linked'))
    symlinkSync(path, `${path}.link`)
    expect((await pool.hashFile(`${path}.link`)).sha256 as string).toBe(sha256(Buffer.from('linked')))
  })

  test('progress ends with the whole size, for an empty file too', async () => {
    for (const size of [0, 3 * BUFFER + 1]) {
      const told: [number, number][] = []
      await pool.hashFile(file(Buffer.alloc(size)), { onProgress: (done, total) => told.push([done, total]) })
      expect(told.at(-1)).toEqual([size, size])
    }
  })
})

describe('everything at once', () => {
  test('comes from one pass in a worker, with turns too', async () => {
    const data = patterned(2 * TURN_BYTES)
    const bytes = safetensors({}, data)
    const path = file(bytes)
    const alone = await pool.hashFile(path, { blake3: true, crc32: true })
    for (const engine of ['native', 'wasm'] as const) {
      const wanted = { tensor: true, sample: true, blake3: true, crc32: true, exact: true, turns: 0, engine }
      const path = file(bytes)
      expect(timeless(await pool.hashFile(realpathSync(path), wanted))).toEqual({
        sha256: sha256(bytes) as never,
        tensorSha256: sha256(data) as never,
        autoV1: sha256(bytes.subarray(0x100000, 0x110000)).slice(0, 8) as never,
        sample: sampleOf(path),
        blake3: alone.blake3 as never,
        crc32: alone.crc32 as never,
        sizeBytes: bytes.length,
        engine,
      })
    }
  })

  test('many files take turns at one device and at several', async () => {
    const contents = Array.from({ length: 60 }, (_, index) => patterned(index * 20_011))
    const digests = await Promise.all(
      contents.map((bytes, index) => pool.hashFile(file(bytes), { turns: index % 3 === 0 ? 0 : index })),
    )
    for (const [index, { sha256: found }] of digests.entries()) {
      expect(found as string).toBe(sha256(contents[index] ?? Buffer.from('none')))
    }
  })

  test.each([-1, 64, 0.5, Number.NaN])('there is no slot %d', async (turns) => {
    await expect(pool.hashFile(file(Buffer.from('x')), { turns })).rejects.toThrow(RangeError)
  })
})

describe('parts of files', () => {
  const bytes = patterned(3 * BUFFER + 1)

  test('chunks and ranges come back from the worker, and are told of', async () => {
    const hashed: HashedBytes[] = []
    const own = createHashPool({ size: 1, onHashed: (found) => hashed.push(found) })
    const path = file(bytes)
    const chunks = await own.hashChunks(path, { chunkBytes: BUFFER, turns: 1 })
    expect(chunks.sha256 as string).toBe(sha256(bytes))
    expect(chunks.chunks as readonly string[]).toEqual(
      [0, 1, 2, 3].map((index) => sha256(bytes.subarray(index * BUFFER, (index + 1) * BUFFER))),
    )
    const range = await own.hashRange(path, { begin: 10, end: BUFFER, engine: 'wasm' })
    expect(range.sha256 as string).toBe(sha256(bytes.subarray(10, BUFFER)))
    expect(hashed).toEqual([
      { engine: 'native', sizeBytes: bytes.length },
      { engine: 'wasm', sizeBytes: BUFFER - 10 },
    ])
    await own.close()
  })

  test('progress ends with all bytes and the times of the result', async () => {
    const told: [number, number, HashTime][] = []
    const onProgress = (...args: [number, number, HashTime]) => told.push(args)
    const path = file(bytes)
    const times = ({ seconds, readSeconds, turnSeconds }: HashTime) => ({ seconds, readSeconds, turnSeconds })
    const whole = await pool.hashFile(path, { onProgress })
    expect(told.at(-1)).toEqual([bytes.length, bytes.length, times(whole)])
    const chunks = await pool.hashChunks(path, { chunkBytes: 5000, onProgress })
    expect(told.at(-1)).toEqual([bytes.length, bytes.length, times(chunks)])
    const range = await pool.hashRange(path, { begin: 1, end: 5, onProgress })
    expect(told.at(-1)).toEqual([4, 4, times(range)])
  })

  test('bad ones are refused, and the worker goes on', async () => {
    const path = file(bytes)
    expect((await failureOf(pool.hashChunks(path, { chunkBytes: 0 }))).code).toBe('invalid_input')
    expect((await failureOf(pool.hashRange(path, { begin: 0, end: 2 ** 40 }))).code).toBe('invalid_input')
    expect((await failureOf(pool.hashChunks(dir, { chunkBytes: 1 }))).code).toBe('invalid_input')
    expect((await pool.hashFile(path)).sha256 as string).toBe(sha256(bytes))
  })

  const long: [string, (path: string, more: object) => Promise<unknown>][] = [
    ['chunks', (path, more) => pool.hashChunks(path, { chunkBytes: 2 ** 24, ...more })],
    ['a range', (path, more) => pool.hashRange(path, { begin: 1, end: 2 ** 37, ...more })],
    ['all digests', (path, more) => pool.hashFile(path, { tensor: true, blake3: true, turns: 0, ...more })],
  ]
  test.each(long)('of a sparse file of 200 GB, %s: cancelled', async (_, hash) => {
    const path = files.addSparse(200e9)
    const stop = new AbortController()
    const told: HashTime[] = []
    const onProgress = (_done: number, _total: number, time: HashTime): void => {
      told.push(time)
      stop.abort()
    }
    const failure = await failureOf(hash(path, { signal: stop.signal, onProgress }))
    expect(failure).toEqual({ code: 'cancelled', message: `Hashing ${path} was cancelled` })
    expect(told[0]?.seconds).toBeGreaterThan(0)
    expect(openNames()).not.toContain(path)
  })

  test.each(long)('of a file that is emptied, %s: conflict', async (_, hash) => {
    const path = files.addSparse(200e9)
    const onProgress = (): void => truncateSync(path, 0)
    expect((await failureOf(hash(path, { onProgress }))).code).toBe('conflict')
  })
})

describe('exactly the file of that path', () => {
  const real = realpathSync(dir)
  mkdirSync(join(real, 'folder'))
  writeFileSync(join(real, 'folder/x'), 'x')
  symlinkSync(join(real, 'folder'), join(real, 'linked'))
  symlinkSync(join(real, 'folder/x'), join(real, 'link-to-x'))

  test('is hashed', async () => {
    const digest = await pool.hashFile(join(real, 'folder/x'), { exact: true })
    expect(digest.sha256 as string).toBe(sha256(Buffer.from('x')))
  })

  test.each(['link-to-x', 'linked/x', 'linked'])('and nothing to which a symlink leads: %s', async (path) => {
    expect(await failureOf(pool.hashFile(join(real, path), { exact: true }))).toEqual({
      code: 'forbidden',
      message: 'The path is outside the folders that callers with a token may name',
    })
  })

  test('nothing, where nothing is there', async () => {
    const failure = await failureOf(pool.hashFile(join(real, 'folder/none'), { exact: true }))
    expect(failure.code).toBe('not_found')
  })
})

describe('what is refused, with the path as it was given', () => {
  execFileSync('mkfifo', [join(dir, 'fifo')])
  symlinkSync('loop', join(dir, 'loop'))
  test.each([
    [dir, 'invalid_input', 'it is a folder'],
    [join(dir, 'fifo'), 'invalid_input', 'it is not a regular file'],
    ['/dev/zero', 'invalid_input', 'it is not a regular file'],
    ['/dev/null', 'invalid_input', 'it is not a regular file'],
    [join(dir, 'missing'), 'not_found', 'there is no such file'],
    [join(dir, 'fifo', 'below'), 'not_found', 'there is no such file'],
    [join(dir, 'loop'), 'invalid_input', 'its symbolic links form a loop'],
    [join(dir, 'x'.repeat(300)), 'invalid_input', 'the name is too long'],
    ['no\0name', 'invalid_input', 'this is not a file name'],
    ['', 'not_found', 'there is no such file'],
  ])('%p', async (path, code, reason) => {
    expect(await failureOf(pool.hashFile(path))).toEqual({ code, message: `Cannot hash ${path}: ${reason}` })
  })

  test('an unreadable file', async () => {
    const path = file(Buffer.from('secret'))
    chmodSync(path, 0)
    chmodSync(dir, 0o755)
    // Root may read everything, so it steps down for this.
    const root = process.geteuid?.() === 0
    if (root) process.seteuid?.(65_534)
    try {
      const failure = await failureOf(pool.hashFile(path))
      expect(failure).toEqual({ code: 'forbidden', message: `Cannot hash ${path}: permission denied` })
    } finally {
      if (root) process.seteuid?.(0)
    }
  })

  test('a file that changes while it is read', async () => {
    const path = endlessFile()
    const onProgress = (): void => truncateSync(path, 0)
    expect((await failureOf(pool.hashFile(path, { onProgress }))).code).toBe('conflict')
  })
})

describe('abort', () => {
  test.each(['native', 'wasm'] as const)('ends the reading and closes the file, %s', async (engine) => {
    const path = endlessFile()
    const stop = new AbortController()
    const onProgress = (): void => stop.abort()
    const failure = await failureOf(pool.hashFile(path, { engine, signal: stop.signal, onProgress }))
    expect(failure).toEqual({ code: 'cancelled', message: `Hashing ${path} was cancelled` })
    expect(openNames()).not.toContain(path)
  })

  test('before it begins, in the queue and while it runs; the others go on', async () => {
    const one = createHashPool({ size: 1 })
    const running = new AbortController()
    const queued = new AbortController()
    const first = failureOf(one.hashFile(endlessFile(), { signal: running.signal }))
    const second = failureOf(one.hashFile(endlessFile(), { signal: queued.signal }))
    const third = one.hashFile(file(Buffer.from('third')))
    expect((await failureOf(one.hashFile('x', { signal: AbortSignal.abort() }))).code).toBe('cancelled')
    queued.abort()
    expect((await second).code).toBe('cancelled')
    running.abort()
    expect((await first).code).toBe('cancelled')
    expect((await third).sha256 as string).toBe(sha256(Buffer.from('third')))
    const atOnce = new AbortController()
    const fourth = failureOf(one.hashFile(endlessFile(), { signal: atOnce.signal }))
    atOnce.abort()
    expect((await fourth).code).toBe('cancelled')
    await one.close()
  })

  test('at any moment leaves a pool that works', async () => {
    const path = file(Buffer.alloc(20 * BUFFER))
    for (let turn = 0; turn < 30; turn++) {
      const stop = new AbortController()
      const outcome = pool.hashFile(path, { signal: stop.signal }).then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      )
      for (let wait = 0; wait < turn; wait++) await new Promise((resolve) => setImmediate(resolve))
      stop.abort()
      expect(['done', 'cancelled']).toContain(await outcome)
    }
    expect((await pool.hashFile(path)).sizeBytes).toBe(20 * BUFFER)
    expect(openNames()).not.toContain(path)
  })
})

describe('workers', () => {
  const faulty = new URL('./faulty-worker.ts', import.meta.url)

  test('that cannot start fail every call that waits, once', async () => {
    const missing = createHashPool({ size: 2, workerUrl: new URL('./missing.ts', import.meta.url) })
    const calls = Array.from({ length: 50 }, () => failureOf(missing.hashFile('x')))
    for (const { code } of await Promise.all(calls)) expect(code).toBe('internal')
    expect((await failureOf(missing.createStreamHasher())).code).toBe('internal')
    expect((await failureOf(missing.hashFile('x'))).code).toBe('internal')
    await missing.close()
  })

  test.each(['throw', 'exit'])('that crash (%s) fail their own call and are replaced', async (way) => {
    const crashing = createHashPool({ size: 1, workerUrl: faulty })
    const before = crashing.hashFile('before')
    const crash = failureOf(crashing.hashFile(way))
    const after = crashing.hashFile('after')
    expect((await before).sha256 as string).toBe('before')
    expect((await crash).code).toBe('internal')
    expect((await after).sha256 as string).toBe('after')
    await crashing.close()
  })

  test('end with the pool: what runs and what waits is cancelled, later calls too', async () => {
    const closing = createHashPool({ size: 1 })
    const path = endlessFile()
    const started = Promise.withResolvers<void>()
    const calls = [
      failureOf(closing.hashFile(path, { onProgress: () => started.resolve() })),
      failureOf(closing.hashFile(path)),
    ]
    await started.promise
    await closing.close()
    for (const { code } of await Promise.all(calls)) expect(code).toBe('cancelled')
    expect(openNames()).not.toContain(path)
    expect((await failureOf(closing.hashFile(path))).code).toBe('cancelled')
    expect((await failureOf(closing.createStreamHasher())).code).toBe('cancelled')
    await closing.close()
  })

  test('keep the process alive while a call waits, and not after', async () => {
    const path = file(Buffer.alloc(16 * 1024 * 1024))
    const program = `
      const { createHashPool } = await import(${JSON.stringify(join(import.meta.dir, '../../src/hash/pool.ts'))})
      const pool = createHashPool()
      await pool.createStreamHasher()
      await pool.hashFile('/dev/null').catch(() => {})
      pool.hashFile(${JSON.stringify(path)}, { engine: 'wasm' }).then(({ sha256 }) => process.stdout.write(sha256))`
    const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe', stderr: 'inherit', timeout: 20_000 })
    expect(await child.stdout.text()).toBe(sha256(Buffer.alloc(16 * 1024 * 1024)))
    expect(await child.exited).toBe(0)
  })
})
