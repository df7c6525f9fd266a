import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createVolumeDigests, fitsFile } from '../../src/models/volume-digests.ts'
import type { VolumeEntry } from '../../src/models/volume-entry.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

let warnings: object[] = []
const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) }
/** The data directory is on another filesystem than any temporary folder. */
const volumes = createVolumeDigests({ dataDir: '/proc', log })

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex')
const anEntry = (relative: string, changes: Partial<VolumeEntry> = {}): VolumeEntry => ({
  relative,
  sizeBytes: 1_000,
  modifiedUs: 1_750_000_000_123_456,
  sha256: digestOf(relative),
  tensorSha256: digestOf(`tensor ${relative}`),
  autoV1: '0123abcd',
  blake3: undefined,
  crc32: undefined,
  sample: digestOf(`sample ${relative}`),
  ...changes,
})
const many = (count: number): VolumeEntry[] =>
  Array.from({ length: count }, (_, at) =>
    anEntry(`loras/style-${at % 50}/a model with a usual name ${at}.safetensors`),
  )

const fileIn = (root: string): string => join(root, '.airkeep/digests.jsonl')
async function readAll(root: string): Promise<VolumeEntry[]> {
  warnings = []
  return [...(await volumes.read(root)).values()]
}

describe('what was written is read', () => {
  test('every field, those too that are not known', async () => {
    using folder = tempDir()
    const bare = { ...anEntry('b'), tensorSha256: undefined, autoV1: undefined, sample: undefined }
    const full = { ...anEntry('a', { blake3: digestOf('b3'), crc32: '89abcdef', modifiedUs: -5, sizeBytes: 0 }) }
    expect(await volumes.write(folder.path, [full, bare])).toBe('written')
    const read = await volumes.read(folder.path)
    expect([...read]).toEqual([
      ['a', full],
      ['b', bare],
    ])
    expect(readdirSync(join(folder.path, '.airkeep'))).toEqual(['digests.jsonl'])
  })

  test('nothing, where nothing was', async () => {
    using folder = tempDir()
    expect(await readAll(folder.path)).toEqual([])
    expect(await readAll(join(folder.path, 'absent'))).toEqual([])
    expect(warnings.length).toBe(1)
    expect(await volumes.write(folder.path, [])).toBe('written')
    expect(await readAll(folder.path)).toEqual([])
    expect(warnings).toEqual([])
  })

  test('names as filesystems take them', async () => {
    using folder = tempDir()
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 255 })
      .filter((text) => !/[\0/]/.test(text) && !/^\.{1,2}$/.test(text))
    const relative = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    const hex = fc.option(fc.constantFrom(digestOf('1'), digestOf('2')), { nil: undefined })
    const entry: fc.Arbitrary<VolumeEntry> = fc.record({
      relative,
      sizeBytes: fc.maxSafeNat(),
      modifiedUs: fc.maxSafeInteger(),
      sha256: fc.constantFrom(digestOf('3'), digestOf('4')),
      tensorSha256: hex,
      autoV1: fc.constantFrom('00000000', undefined),
      blake3: hex,
      crc32: fc.constantFrom('ffffffff', undefined),
      sample: hex,
    })
    const list = fc.uniqueArray(entry, { selector: (one) => one.relative, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(list, async (entries) => {
        await volumes.write(folder.path, entries)
        expect(await readAll(folder.path)).toEqual(entries)
        expect(warnings).toEqual([])
      }),
      { numRuns: 60, examples: [[[anEntry('a\nb"\\\r\u2028'), anEntry('名'.repeat(85)), anEntry('x'.repeat(255))]]] },
    )
  })

  test('more than fits into one piece, from a source that takes its time', async () => {
    using folder = tempDir()
    const entries = many(2_000)
    async function* slowly(): AsyncGenerator<VolumeEntry> {
      for (const entry of entries) yield entry
    }
    expect(await volumes.write(folder.path, slowly())).toBe('written')
    expect(await readAll(folder.path)).toEqual(entries)
  })

  test('an entry fits a file of its size and time only', () => {
    const entry = anEntry('a')
    expect(fitsFile(entry, { sizeBytes: 1_000, modifiedUs: entry.modifiedUs })).toBe(true)
    expect(fitsFile(entry, { sizeBytes: 1_001, modifiedUs: entry.modifiedUs })).toBe(false)
    expect(fitsFile(entry, { sizeBytes: 1_000, modifiedUs: entry.modifiedUs + 1 })).toBe(false)
  })
})

describe('writing again', () => {
  const entries = many(2_000)
  const changed = (at: number): VolumeEntry[] =>
    entries.map((entry, index) => (index === at ? { ...entry, sizeBytes: 7 } : entry))

  test('the same is not written', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, entries)
    const { ino } = statSync(fileIn(folder.path))
    expect(await volumes.write(folder.path, entries)).toBe('unchanged')
    expect(statSync(fileIn(folder.path)).ino).toBe(ino)
  })

  test.each<[string, readonly VolumeEntry[]]>([
    ['the first changed', changed(0)],
    ['one in the middle changed', changed(1_000)],
    ['the last changed', changed(1_999)],
    ['fewer', entries.slice(0, 1_500)],
    ['none', []],
    ['more', [...entries, anEntry('new')]],
    ['another order', entries.toReversed()],
  ])('%s', async (_, after) => {
    using folder = tempDir()
    await volumes.write(folder.path, entries)
    expect(await volumes.write(folder.path, after)).toBe('written')
    expect(await readAll(folder.path)).toEqual([...after])
    expect(readdirSync(join(folder.path, '.airkeep'))).toEqual(['digests.jsonl'])
  })

  test('a damaged file is replaced although only its middle differs', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, entries)
    const bytes = readFileSync(fileIn(folder.path))
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
    writeFileSync(fileIn(folder.path), bytes)
    expect(await volumes.write(folder.path, entries)).toBe('written')
    expect((await readAll(folder.path)).length).toBe(2_000)
  })
})

describe('what is not read', () => {
  const HEADER = '{"format":"airkeep-digests","version":1}\n'
  const end = (lines: string, count: number): string =>
    `{"entries":${count},"sha256":"${createHash('sha256')
      .update(HEADER + lines)
      .digest('hex')}"}\n`
  /** A sound file with one line that nobody would write. */
  function forged(root: string, line: string): void {
    mkdirSync(join(root, '.airkeep'), { recursive: true })
    const lines = `${line}\n`
    writeFileSync(fileIn(root), HEADER + lines + end(lines, 1))
  }
  const line = (...changes: readonly (readonly [number, unknown])[]): string => {
    const value: unknown[] = ['a.safetensors', 5, 6, digestOf('a'), null, null, null, null, null]
    for (const [at, other] of changes) value[at] = other
    return JSON.stringify(value)
  }

  test('a forged file with a sound line is read, so the others below fail by their line', async () => {
    using folder = tempDir()
    forged(folder.path, line())
    expect(await readAll(folder.path)).toMatchObject([{ relative: 'a.safetensors', sizeBytes: 5, modifiedUs: 6 }])
  })

  test.each([
    ['an absolute path', line([0, '/etc/passwd'])],
    ['a way up', line([0, 'a/../../b'])],
    ['a way up at its end', line([0, 'a/..'])],
    ['a dot', line([0, './a'])],
    ['an empty part', line([0, 'a//b'])],
    ['an empty path', line([0, ''])],
    ['NUL', line([0, 'a\0b'])],
    ['an endless path', line([0, 'a'.repeat(4_097)])],
    ['a path that is none', line([0, 7])],
    ['a negative size', line([1, -1])],
    ['a fraction', line([1, 1.5])],
    ['a size as text', line([1, '5'])],
    ['a time beyond numbers', line([2, 2 ** 60])],
    ['no digest', line([3, null])],
    ['upper case', line([3, digestOf('a').toUpperCase()])],
    ['a short digest', line([3, digestOf('a').slice(1)])],
    ['the digest of no bytes', line([3, EMPTY_SHA256])],
    ['a tensor digest with a prefix', line([4, `0x${digestOf('a')}`])],
    ['a long AutoV1', line([5, '0123456789'])],
    ['a sample that is none', line([8, {}])],
    ['too few', JSON.stringify(['a'])],
    ['too many', JSON.stringify([...(JSON.parse(line()) as unknown[]), null])],
    ['an object', '{"relative":"a"}'],
    ['no JSON', '['],
    ['a blank line', ''],
  ])('%s', async (_, odd) => {
    using folder = tempDir()
    forged(folder.path, odd)
    expect(await readAll(folder.path)).toEqual([])
    expect(warnings.length).toBe(1)
  })

  test.each<[string, (path: string) => void]>([
    ['another version', (path) => writeFileSync(path, '{"format":"airkeep-digests","version":2}\n')],
    ['another format', (path) => writeFileSync(path, '[]')],
    ['nothing', (path) => writeFileSync(path, '')],
    ['no end', (path) => writeFileSync(path, `${HEADER}${line()}\n`)],
    ['something after the end', (path) => writeFileSync(path, `${HEADER}${end('', 0)}${line()}\n`)],
    ['two ends', (path) => writeFileSync(path, `${HEADER}${end('', 0)}${end('', 0)}`)],
    ['a wrong number', (path) => writeFileSync(path, `${HEADER}${end('', 1)}`)],
    ['a line without end', (path) => writeFileSync(path, `${HEADER}["${'a'.repeat(300_000)}`)],
    ['zeros, as a power cut leaves them', (path) => writeFileSync(path, Buffer.alloc(5_000))],
    ['a folder', (path) => mkdirSync(path)],
    ['more than anyone writes', (path) => truncateOf(path, 2 ** 28 + 1)],
  ])('%s', async (_, make) => {
    using folder = tempDir()
    mkdirSync(join(folder.path, '.airkeep'))
    make(fileIn(folder.path))
    expect(await readAll(folder.path)).toEqual([])
    expect(warnings.length).toBe(1)
  })

  test('a file with any byte changed, cut anywhere, or with anything put in', async () => {
    using folder = tempDir()
    const entries = many(20)
    await volumes.write(folder.path, entries)
    const sound = readFileSync(fileIn(folder.path))
    const place = fc.nat(sound.length - 1)
    const mutations = fc.oneof(
      fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
        const bytes = Buffer.from(sound)
        bytes[at] = (bytes[at] ?? 0) ^ mask
        return bytes
      }),
      place.map((at) => sound.subarray(0, at)),
      fc
        .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 50 }))
        .map(([at, more]) => Buffer.concat([sound.subarray(0, at), more, sound.subarray(at)])),
      fc.tuple(place, place).map(([a, b]) => Buffer.concat([sound.subarray(0, a), sound.subarray(b)])),
    )
    await fc.assert(
      fc.asyncProperty(mutations, async (bytes) => {
        writeFileSync(fileIn(folder.path), bytes)
        expect(await readAll(folder.path)).toEqual(bytes.equals(sound) ? entries : [])
      }),
      { numRuns: 300 },
    )
  })

  test('a reader that is stopped says so', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, many(10))
    const stopped = AbortSignal.abort(new Error('stopped'))
    expect(await rejection(volumes.read(folder.path, stopped))).toMatchObject({ message: 'stopped' })
  })
})

describe('a volume that comes from elsewhere', () => {
  async function aPlace(root: string): Promise<string> {
    const other = join(root, 'other')
    mkdirSync(other)
    await volumes.write(other, [anEntry('a')])
    mkdirSync(join(root, 'models'))
    return join(root, 'models')
  }

  test('its folder is a link: neither read nor written through', async () => {
    using folder = tempDir()
    const root = await aPlace(folder.path)
    symlinkSync('../other/.airkeep', join(root, '.airkeep'))
    const before = readFileSync(fileIn(join(folder.path, 'other')))
    expect(await readAll(root)).toEqual([])
    expect(warnings.length).toBe(1)
    expect(await rejection(volumes.write(root, [anEntry('b')]))).toMatchObject({ code: 'forbidden' })
    expect(readFileSync(fileIn(join(folder.path, 'other')))).toEqual(before)
    expect(readdirSync(join(folder.path, 'other/.airkeep'))).toEqual(['digests.jsonl'])
  })

  test('its file is a link: not read, and replaced, not followed', async () => {
    using folder = tempDir()
    const root = await aPlace(folder.path)
    mkdirSync(join(root, '.airkeep'))
    symlinkSync('../../other/.airkeep/digests.jsonl', fileIn(root))
    const before = readFileSync(fileIn(join(folder.path, 'other')))
    expect(await readAll(root)).toEqual([])
    expect(warnings.length).toBe(1)
    expect(await volumes.write(root, [anEntry('b')])).toBe('written')
    expect(lstatSync(fileIn(root)).isFile()).toBe(true)
    expect(readFileSync(fileIn(join(folder.path, 'other')))).toEqual(before)
  })

  test('the root itself may be a link', async () => {
    using folder = tempDir()
    const root = await aPlace(folder.path)
    symlinkSync(root, join(folder.path, 'link'))
    await volumes.write(join(folder.path, 'link'), [anEntry('b')])
    expect((await readAll(root)).length).toBe(1)
  })

  test('a FIFO in place of the file does not hold anyone up', async () => {
    using folder = tempDir()
    mkdirSync(join(folder.path, '.airkeep'))
    expect(Bun.spawnSync(['mkfifo', fileIn(folder.path)]).exitCode).toBe(0)
    expect(await readAll(folder.path)).toEqual([])
    expect(await volumes.write(folder.path, [anEntry('a')])).toBe('written')
    expect((await readAll(folder.path)).length).toBe(1)
  })

  // Only root can give files away; as another user there is nothing to try.
  test.skipIf(process.getuid?.() !== 0)('what another user put there is not believed', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, [anEntry('a')])
    const give = (path: string, user: number): void => {
      expect(Bun.spawnSync(['chown', String(user), path]).exitCode).toBe(0)
    }
    give(fileIn(folder.path), 4_321)
    expect(await readAll(folder.path)).toEqual([])
    give(join(folder.path, '.airkeep'), 4_321)
    expect(await rejection(volumes.write(folder.path, [anEntry('b')]))).toMatchObject({ code: 'forbidden' })
    // The owner of the models may say what they are.
    give(folder.path, 4_321)
    expect((await readAll(folder.path)).length).toBe(1)
  })
})

describe('what writing leaves on the disk', () => {
  test('a file that others read and nobody else writes, in a folder as open as the root', async () => {
    using folder = tempDir()
    const mask = process.umask(0)
    try {
      for (const [mode, expected] of [
        [0o777, 0o755],
        [0o750, 0o750],
        [0o700, 0o700],
      ] as const) {
        const root = join(folder.path, mode.toString(8))
        mkdirSync(root)
        chmodSync(root, mode)
        await volumes.write(root, [])
        expect(statSync(join(root, '.airkeep')).mode & 0o777).toBe(expected)
        expect(statSync(fileIn(root)).mode & 0o777).toBe(0o644)
      }
    } finally {
      process.umask(mask)
    }
  })

  test('a full disk: the old file stays, nothing else is left', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, [anEntry('a')])
    async function* untilFull(): AsyncGenerator<VolumeEntry> {
      yield* many(2_000)
      // The error of a real full disk.
      await writeFile('/dev/full', 'x')
    }
    expect(await rejection(volumes.write(folder.path, untilFull()))).toMatchObject({
      code: 'disk_full',
      hint: `Free some space on the filesystem of ${folder.path}`,
    })
    expect(readdirSync(join(folder.path, '.airkeep'))).toEqual(['digests.jsonl'])
    expect(await readAll(folder.path)).toEqual([anEntry('a')])
  })

  test('a source that fails: the same', async () => {
    using folder = tempDir()
    async function* failing(): AsyncGenerator<VolumeEntry> {
      yield* many(2_000)
      throw new Error('no database')
    }
    expect(await rejection(volumes.write(folder.path, failing()))).toMatchObject({ message: 'no database' })
    expect(readdirSync(join(folder.path, '.airkeep'))).toEqual([])
  })

  test('what killed writers left is removed once it is old; nothing else is', async () => {
    using folder = tempDir()
    await volumes.write(folder.path, [anEntry('a')])
    const made = (name: string, ageSeconds: number): string => {
      const path = join(folder.path, '.airkeep', name)
      writeFileSync(path, 'half')
      const at = Date.now() / 1_000 - ageSeconds
      utimesSync(path, at, at)
      return path
    }
    const old = made(`.digests.jsonl.tmp_${'a'.repeat(20)}`, 601)
    const young = made(`.digests.jsonl.tmp_${'b'.repeat(20)}`, 5)
    const other = made('.digests.jsonl.bak', 9_999)
    await volumes.write(folder.path, [anEntry('b')])
    expect([old, young, other].map((path) => existsSync(path))).toEqual([false, true, true])
  })
})

describe('which roots carry their own', () => {
  test('those on another filesystem than the data directory', async () => {
    using folder = tempDir()
    const near = createVolumeDigests({ dataDir: join(folder.path, 'not/yet/there'), log })
    expect(await volumes.eligible(folder.path)).toBe(true)
    expect(await near.eligible(folder.path)).toBe(false)
  })

  test('not what is absent, no folder, or not to be written', async () => {
    using folder = tempDir()
    writeFileSync(join(folder.path, 'file'), '')
    expect(await volumes.eligible(join(folder.path, 'file'))).toBe(false)
    expect(await volumes.eligible(join(folder.path, 'absent'))).toBe(false)
    chmodSync(folder.path, 0o555)
    // Permissions do not bind root.
    expect(await volumes.eligible(folder.path)).toBe(process.getuid?.() === 0)
    chmodSync(folder.path, 0o755)
  })
})

function truncateOf(path: string, bytes: number): void {
  writeFileSync(path, '')
  truncateSync(path, bytes)
}
