import { afterAll, expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OWNER } from '../../../src/operation/permission.ts'
import { gate } from '../../download/world.ts'
import { startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { anOffer, closeHashes, openDownloads } from './download-host.ts'

afterAll(closeHashes)
const file = payloadBytes(HIGH.seed)

test.each([
  ['another file', Buffer.from('mine'), ['harbor-2.safetensors', 'harbor.safetensors']],
  ['the file itself', file, ['harbor.safetensors']],
] as const)(
  '%s gets the name while it is fetched: that stays, and nothing is fetched twice',
  async (_, mine, names) => {
    const host = await openDownloads()
    const held = gate()
    const server = await startFileServer(file, () => ({ until: held.opened }))
    try {
      const offers = [anOffer(server.url, { sha256: HIGH.sha256, size_bytes: file.length })]
      const { jobId } = await host.downloads.order({ offers, place: { type: 'lora' }, actor: OWNER })
      await server.asked(1)
      const folder = join(host.models, 'loras')
      writeFileSync(join(folder, 'harbor.safetensors'), mine)
      held.open()
      expect(await host.ended(jobId)).toMatchObject({ status: 'completed', filename: names[0] })
      expect(readdirSync(folder).sort()).toEqual([...names].sort())
      expect(readFileSync(join(folder, names[0])).equals(file)).toBe(true)
      expect(readFileSync(join(folder, 'harbor.safetensors')).equals(mine)).toBe(true)
      // Questions for the size are of one byte.
      expect(server.sentBytes() - file.length).toBeLessThan(5)
    } finally {
      await host.close()
      await server.close()
    }
  },
)
