import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { SmallDisk } from '../../scripts/faults/small-disk.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { aSource, cleanUp, download, KIB, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)

/** A disk of its own needs the right to mount; the gate has it, and there it fails instead of being left out. */
const runs = mayMount()

const aDisk = (dir: TempDir): SmallDisk => smallDisk(join(dir.path, 'disk'), 4 * file.length)

const notedIn = (target: string): number =>
  (JSON.parse(readFileSync(`${target}.part.json`, 'utf8')) as { intervals: [number, number][] }).intervals.reduce(
    (sum, [begin, end]) => sum + end - begin,
    0,
  )

const LEFT_BYTES = 1_000 * KIB

const CASES = [
  ['one connection', 1],
  ['several', 4],
] as const

test.skipIf(!runs).each(CASES)(
  'a disk that others fill meanwhile, %s: what fits is kept, and only the rest is fetched later',
  async (_, maxRanges) => {
    using dir = tempDir()
    using disk = aDisk(dir)
    const target = join(disk.path, 'model.safetensors')
    const server = await serve(file, ({ index }) => {
      // The first answer has reserved the room by now, but what others write nobody can forbid.
      if (index === 1) disk.fill(LEFT_BYTES)
      return {}
    })
    const request = { expected: { sha256: SHA } }
    const sources = [aSource(server.url)]
    const error = await rejection(download({ target, sources, request, maxRanges }))
    expect(error).toMatchObject({ code: 'disk_full' })
    expect(String(error)).not.toContain(dir.path)
    const { intervals } = JSON.parse(readFileSync(`${target}.part.json`, 'utf8')) as { intervals: [number, number][] }
    const noted = intervals.reduce((sum, [begin, end]) => sum + end - begin, 0)
    // All but a block of each connection that did not fit, and what was given back for the notes.
    if (maxRanges === 1) expect(noted).toBeGreaterThan(LEFT_BYTES - (maxRanges + 2) * 64 * KIB)
    expect(noted).toBeLessThan(file.length)
    const before = intervals.map(([begin, end]) => server.sentOf(begin, end))

    disk.makeRoom()
    const found = await download({ target, sources, request, maxRanges })
    expect(found.sha256).toBe(SHA)
    // Of several connections the last bytes may come twice: whoever is faster writes them.
    if (maxRanges === 1) expect(found.fetchedBytes).toBe(file.length - noted)
    else expect(found.fetchedBytes).toBeGreaterThanOrEqual(file.length - noted)
    expect(intervals.map(([begin, end]) => server.sentOf(begin, end))).toEqual(before)
    expect(readFileSync(target).equals(file)).toBe(true)
  },
)

const PAGE = 4 * KIB

test.skipIf(!runs).each([0, 1] as const)(
  'all bytes fit, but beside the lock only %d pages for the notes: what was noted in the end goes on',
  async (pages) => {
    using dir = tempDir()
    using disk = aDisk(dir)
    const target = join(disk.path, 'model.safetensors')
    const server = await serve(file)
    const request = { expected: { sha256: SHA } }
    const sources = [aSource(server.url)]
    disk.fill(Math.ceil(file.length / PAGE) * PAGE + (1 + pages) * PAGE)
    const first = await download({ target, sources, request, maxRanges: 1 }).catch((error: unknown) => error)
    if (pages === 1) {
      expect(first).toMatchObject({ sha256: SHA })
      return
    }
    expect(first).toMatchObject({ code: 'disk_full', hint: 'Free some space on the filesystem of the model folder' })
    expect(existsSync(target)).toBe(false)
    const noted = notedIn(target)
    expect(noted).toBeGreaterThanOrEqual(file.length - 64 * KIB)
    disk.makeRoom()
    expect(await download({ target, sources, request })).toMatchObject({ fetchedBytes: file.length - noted })
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(readdirSync(disk.path)).toEqual(['model.safetensors'])
  },
)

test.skipIf(!runs)('no room for anything at all: nothing is asked for, and nothing is left', async () => {
  using dir = tempDir()
  using disk = aDisk(dir)
  disk.fill(0)
  const source = aSource('http://127.0.0.1:1/')
  const error = await rejection(download({ target: join(disk.path, 'model.safetensors'), sources: [source] }))
  expect(error).toMatchObject({ code: 'disk_full' })
  expect(source.opens).toBe(0)
  expect(readdirSync(disk.path)).toEqual(['.filler'])
})

test.skipIf(!runs)('a folder that can only be read: nothing is asked for, and a part of before stays', async () => {
  using dir = tempDir()
  using disk = aDisk(dir)
  const target = join(disk.path, 'model.safetensors')
  const cut = await serve(file, ({ index }) => (index === 0 ? { cutAfter: 500 * KIB } : { status: 404 }))
  const request = { expected: { sha256: SHA } }
  await rejection(download({ target, sources: [aSource(cut.url)], request, maxRanges: 1 }))
  const noted = notedIn(target)
  expect(noted).toBeGreaterThan(0)
  disk.setReadOnly(true)
  const server = await serve(file)
  const sources = [aSource(server.url)]
  const error = await rejection(download({ target, sources, request }))
  expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('folder is not writable') })
  expect(String(error)).not.toContain(dir.path)
  expect(server.requests).toHaveLength(0)
  disk.setReadOnly(false)
  expect(await download({ target, sources, request })).toMatchObject({ fetchedBytes: file.length - noted })
})

test.skipIf(!runs)('a folder on another filesystem, through a link: the part lies beside the final name', async () => {
  using dir = tempDir()
  using disk = aDisk(dir)
  const linked = join(dir.path, 'models')
  symlinkSync(disk.path, linked)
  const server = await serve(file, ({ index }) => (index === 1 ? { file: payloadBytes(LOW.seed) } : {}))
  const target = join(linked, 'model.safetensors')
  const request = { expected: { sha256: SHA } }
  expect(await download({ target, sources: [aSource(server.url)], request })).toMatchObject({ path: target })
  expect(readFileSync(join(disk.path, 'model.safetensors')).equals(file)).toBe(true)
  // Wrong bytes too stay on their disk: nothing is copied.
  expect(readdirSync(disk.path).sort()).toEqual(['.airkeep-quarantine', 'model.safetensors'])
  expect(readdirSync(dir.path).sort()).toEqual(['disk', 'models'])
})
