import { describe, expect, test } from 'bun:test'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createDiskSpace, type DiskSpaceDeps } from '../../src/download/space.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const request = { expected: { sha256: sha256(file) } }
const chunked = { chunked: true, ignoreRange: true }

const none: DiskSpaceDeps = { quotaBytes: 0, minFreeBytes: 0, usedBytes: async () => 0 }
const GIB = 2 ** 30

const usedBy = (target: string): number =>
  existsSync(`${target}.part`)
    ? Math.min(lstatSync(`${target}.part`).size, lstatSync(`${target}.part`).blocks * 512)
    : 0

describe('an answer that does not say how long it is', () => {
  test('is not begun where nothing may be written', async () => {
    const server = await serve(file, () => chunked)
    const target = newTarget()
    const space = createDiskSpace({ ...none, minFreeBytes: GIB, freeBytes: async () => GIB })
    const error = await rejection(download({ target, sources: [aSource(server.url)], request, space }))
    expect(error).toMatchObject({ reason: 'disk', code: 'disk_full' })
    expect(usedBy(target)).toBe(0)
  })

  test('stops where the quota is reached; what came stays, and goes on where there is more', async () => {
    const server = await serve(file, () => chunked)
    const target = newTarget()
    const sources = [aSource(server.url)]
    const quota = (quotaBytes: number) =>
      createDiskSpace({ ...none, quotaBytes, usedBytes: async () => usedBy(target), freeBytes: async () => GIB })
    const error = await rejection(download({ target, sources, request, space: quota(1_000 * KIB) }))
    expect(error).toMatchObject({ reason: 'disk', hint: expect.stringContaining('AIRKEEP_DISK_QUOTA') })
    expect(usedBy(target)).toBeGreaterThan(500 * KIB)
    expect(usedBy(target)).toBeLessThanOrEqual(1_000 * KIB)
    // A block on its way to the disk may count twice for a moment.
    await download({ target, sources, request, space: quota(file.length + 512 * KIB) })
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(readdirSync(dirname(target))).toHaveLength(1)
  })

  test('leaves to others what it did not need', async () => {
    const server = await serve(file, () => chunked)
    const target = newTarget()
    let free = file.length
    const space = createDiskSpace({ ...none, freeBytes: async () => free })
    await download({ target, sources: [aSource(server.url)], request, space })
    free = 100
    await space.reserve(dirname(target), 100)
    expect(await rejection(space.reserve(dirname(target), 1))).toMatchObject({ reason: 'disk' })
  })

  test('is refused as soon as it is larger than what is allowed', async () => {
    const server = await serve(file, () => chunked)
    const target = newTarget()
    const limited = { ...request, maxSizeBytes: 1_000 * KIB }
    const error = await rejection(download({ target, sources: [aSource(server.url)], request: limited }))
    expect(error).toMatchObject({ reason: 'size' })
    expect(usedBy(target)).toBeLessThanOrEqual(1_000 * KIB)
  })
})
