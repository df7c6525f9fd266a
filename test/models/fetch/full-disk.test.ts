import { afterAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SmallDisk } from '../../../scripts/faults/small-disk.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { startFileServer } from '../../support/file-server.ts'
import { fillDb, makeRoomInDb } from '../../support/full-db.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { mayMount, smallDisk } from '../../support/small-disk.ts'
import { backend } from '../../support/temp-db.ts'
import { anOffer, closeHashes, type DownloadHost, openDownloads } from './download-host.ts'

afterAll(closeHashes)
const file = payloadBytes(HIGH.seed)
const LEFT_BYTES = 800 * 1024

const WHAT = ['bytes', 'notes'] as const
type What = (typeof WHAT)[number]

test.skipIf(!mayMount()).each(WHAT)(
  'a model folder on a disk of its own that gets full (%s): blocked, and a retry goes on where it was',
  async (what) => {
    const host = await openDownloads()
    try {
      using disk = smallDisk(join(host.models, 'loras'), 4 * file.length)
      await fillAndGoOn(host, disk, what)
    } finally {
      await host.close()
    }
  },
)

// A server has its own ways to be full.
test.skipIf(backend !== 'file')(
  'a download for whose record there is no room waits, and ends with its file',
  async () => {
    const host = await openDownloads()
    let filled: Promise<void> | undefined
    const server = await startFileServer(file, ({ end }) => {
      if (end !== 1) filled ??= fillDb(host.db)
      return {}
    })
    try {
      const told = new Promise<unknown>((resolve) => {
        host.events.subscribe(({ data }) => {
          if (data.waiting !== undefined) resolve(data.waiting)
        })
      })
      // What is stored of it needs a page of its own.
      const offers = [
        anOffer(`${server.url}/${'x'.repeat(14_000)}/f`, { sha256: HIGH.sha256, size_bytes: file.length }),
      ]
      const { jobId } = await host.downloads.order({ offers, place: { type: 'lora' }, actor: OWNER })
      expect(String(await told)).toContain('Could not write to the database')
      await filled
      await makeRoomInDb(host.db)
      expect(await host.ended(jobId)).toMatchObject({ status: 'completed', reason_code: null, reason: null })
      expect(server.sentBytes()).toBeLessThan(file.length + 10)
      expect(readFileSync(join(host.models, 'loras/harbor.safetensors')).equals(file)).toBe(true)
    } finally {
      await host.close()
      await server.close()
    }
  },
)

async function fillAndGoOn(host: DownloadHost, disk: SmallDisk, what: What): Promise<void> {
  // All bytes and the lock fit to the page, and nothing besides.
  if (what === 'notes') disk.fill(Math.ceil(file.length / 4096 + 1) * 4096)
  // The first answer has made sure of the room when it breaks off; then others write.
  let broken = false
  let isFull = false
  const server = await startFileServer(file, ({ end }) => {
    if (end === 1) return {}
    if (broken && what === 'bytes' && !isFull) disk.fill(LEFT_BYTES)
    isFull ||= broken
    const conduct = broken ? {} : { cutAfter: 300 * 1024 }
    broken = true
    return conduct
  })
  try {
    const offers = [anOffer(server.url, { sha256: HIGH.sha256, size_bytes: file.length })]
    const { jobId } = await host.downloads.order({ offers, place: { type: 'lora' }, actor: OWNER })
    expect(await host.ended(jobId)).toMatchObject({
      ...{ status: 'partially_completed', reason_code: 'disk' },
      reason: expect.stringContaining('the disk is full'),
      hint: 'Free some space on the filesystem of the model folder',
    })
    const path = join(disk.path, 'harbor.safetensors')
    expect(existsSync(path)).toBe(false)
    expect(existsSync(`${path}.part`)).toBe(true)
    const sent = server.sentBytes()
    disk.makeRoom()
    await host.invoke('retry_model_job', { job_id: jobId })
    expect(await host.ended(jobId)).toMatchObject({ status: 'completed', reason_code: null, reason: null })
    expect(readFileSync(path).equals(file)).toBe(true)
    expect(server.sentBytes() - sent).toBeLessThan(file.length - LEFT_BYTES / 2)
  } finally {
    await server.close()
  }
}
