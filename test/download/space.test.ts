import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDiskSpace, type DiskSpaceDeps } from '../../src/download/space.ts'
import { freeBytes } from '../../src/lib/files.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

const GIB = 2 ** 30

const none: DiskSpaceDeps = { quotaBytes: 0, minFreeBytes: 0, usedBytes: async () => 0 }

/** What a disk would answer: `free` changes as files are written. */
function disk(free: number, deps: Partial<DiskSpaceDeps> = {}) {
  const state = { free, used: 0 }
  const space = createDiskSpace({
    ...none,
    usedBytes: async () => state.used,
    freeBytes: async () => state.free,
    ...deps,
  })
  return { state, space }
}

describe('room on the disk', () => {
  test('what is free beside AIRKEEP_MIN_FREE can be reserved, to the byte', async () => {
    using dir = tempDir()
    const { space } = disk(10 * GIB, { minFreeBytes: 2 * GIB })
    expect(await rejection(space.reserve(dir.path, 8 * GIB + 1))).toMatchObject({ reason: 'disk', code: 'disk_full' })
    await space.reserve(dir.path, 8 * GIB)
    await space.reserve(dir.path, 0)
    expect(await rejection(space.reserve(dir.path, 1))).toMatchObject({ reason: 'disk' })
  })

  test('the refusal names what is needed, free and reserved, and what to do', async () => {
    using dir = tempDir()
    const { space } = disk(10 * GIB, { minFreeBytes: 2 * GIB })
    await space.reserve(dir.path, 5 * GIB)
    const error = await rejection(space.reserve(dir.path, 7 * GIB))
    expect(error).toMatchObject({ reason: 'disk' })
    expect(String(error)).toMatch(/needs 7\.0 GiB.* 10\.0 GiB .*free 5\.0 GiB .*reserved.* 2\.0 GiB have to stay free/)
    expect(String(error)).not.toContain(dir.path)
    expect(error).toMatchObject({ hint: expect.stringMatching(/^Free 4\.0 GiB .*AIRKEEP_MIN_FREE/) })
  })

  test('of several at once only those get in that fit together', async () => {
    using dir = tempDir()
    const { space } = disk(10 * GIB)
    const ends = await Promise.allSettled(Array.from({ length: 10 }, () => space.reserve(dir.path, 3 * GIB)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  test('bytes that reach the disk are counted once, and those that do not come are given back', async () => {
    using dir = tempDir()
    const { space, state } = disk(10 * GIB)
    const first = await space.reserve(dir.path, 8 * GIB)
    state.free -= 6 * GIB
    first.shrink(6 * GIB)
    expect(await rejection(space.reserve(dir.path, 2 * GIB + 1))).toMatchObject({ reason: 'disk' })
    const second = await space.reserve(dir.path, 2 * GIB)
    first.release()
    first.release()
    second.release()
    await space.reserve(dir.path, 4 * GIB)
  })

  test('bytes that are written while the disk is asked are not counted as free', async () => {
    using dir = tempDir()
    let answer = (_free: number): void => undefined
    let asks = 0
    const space = createDiskSpace({
      ...none,
      freeBytes: () => {
        asks += 1
        return asks === 1 ? Promise.resolve(10) : new Promise((resolve) => (answer = resolve))
      },
    })
    const first = await space.reserve(dir.path, 10)
    const second = rejection(space.reserve(dir.path, 1))
    while (asks < 2) await new Promise((resolve) => setImmediate(resolve))
    // The disk said 10 before the bytes came.
    first.shrink(10)
    answer(10)
    expect(await second).toMatchObject({ reason: 'disk' })
  })

  test('a reservation grows while there is room, and keeps what it has where there is none', async () => {
    using dir = tempDir()
    const { space } = disk(10)
    const first = await space.reserve(dir.path, 4)
    await first.grow(4)
    expect(await rejection(first.grow(3))).toMatchObject({ reason: 'disk' })
    expect(await rejection(space.reserve(dir.path, 3))).toMatchObject({ reason: 'disk' })
    first.release()
    await space.reserve(dir.path, 10)
  })

  test('more than was reserved may be written: nothing else is given away for it', async () => {
    using dir = tempDir()
    const { space, state } = disk(10)
    const first = await space.reserve(dir.path, 4)
    state.free -= 6
    first.shrink(6)
    first.release()
    expect(await rejection(space.reserve(dir.path, 5))).toMatchObject({ reason: 'disk' })
    await space.reserve(dir.path, 4)
  })

  test('the quota counts what downloads have and what they will have', async () => {
    using dir = tempDir()
    const { space, state } = disk(1_000 * GIB, { quotaBytes: 20 * GIB })
    state.used = 10 * GIB
    const first = await space.reserve(dir.path, 6 * GIB)
    const error = await rejection(space.reserve(dir.path, 5 * GIB))
    expect(error).toMatchObject({
      reason: 'disk',
      message: expect.stringMatching(/needs 5\.0 GiB.* 20\.0 GiB .* 10\.0 GiB are used and 6\.0 GiB are reserved/),
      hint: expect.stringContaining('AIRKEEP_DISK_QUOTA'),
    })
    state.used += 6 * GIB
    first.shrink(6 * GIB)
    await space.reserve(dir.path, 4 * GIB)
    expect(await rejection(space.reserve(dir.path, 1))).toMatchObject({ reason: 'disk' })
  })

  test('without a quota nobody is asked what downloads use', async () => {
    using dir = tempDir()
    const space = createDiskSpace({ ...none, usedBytes: () => Promise.reject(new Error('asked')) })
    await space.reserve(dir.path, 1)
  })

  test('real folders: those of one filesystem share what is free', async () => {
    using one = tempDir()
    using two = tempDir()
    const space = createDiskSpace(none)
    const free = await freeBytes(one.path)
    await space.reserve(one.path, Math.floor(free * 0.75))
    expect(await rejection(space.reserve(two.path, Math.floor(free * 0.75)))).toMatchObject({ reason: 'disk' })
    writeFileSync(join(one.path, 'no folder'), '')
    expect(await rejection(space.reserve(join(one.path, 'absent'), 1))).toMatchObject({ code: 'ENOENT' })
  })
})
