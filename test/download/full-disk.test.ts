import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mountSmallDisk } from '../../scripts/faults/small-disk.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { satisfied } from '../support/requires.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aSource, cleanUp, download, KIB, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)

function canMount(): boolean {
  using dir = tempDir()
  using disk = mountSmallDisk(join(dir.path, 'disk'), 64 * KIB)
  return disk !== undefined
}

const runs = satisfied(canMount(), 'this user may not mount a filesystem')

const LEFT_BYTES = 1_000 * KIB

const CASES = [
  ['one connection', 1],
  ['several', 4],
] as const

test.skipIf(!runs).each(CASES)(
  'a disk that others fill meanwhile, %s: what fits is kept, and only the rest is fetched later',
  async (_, maxRanges) => {
    using dir = tempDir()
    using disk = mountSmallDisk(join(dir.path, 'disk'), 4 * file.length)
    if (disk === undefined) throw new Error('Nothing was mounted')
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
