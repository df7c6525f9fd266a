import { afterAll, afterEach, expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { Offer } from '../../../src/models/fetch/wanted.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { type FileServer, startFileServer } from '../../support/file-server.ts'
import { HIGH, payloadBytes } from '../../support/payloads.ts'
import { aTokenActor } from '../../support/track.ts'
import { anOffer, closeHashes, type DownloadHost, type DownloadHostOptions, openDownloads } from './download-host.ts'

/** What the audit log tells of downloads. */
let host: DownloadHost
let server: FileServer
async function start(options?: DownloadHostOptions): Promise<void> {
  host = await openDownloads(options)
  server = await startFileServer(payloadBytes(HIGH.seed))
}
afterEach(async () => {
  await host.close()
  await server.close()
})
afterAll(closeHashes)

const known = (changes: Partial<Offer> = {}): Offer =>
  anOffer(server.url, { sha256: HIGH.sha256, size_bytes: HIGH.sizeBytes, ...changes })

async function order(offer: Offer, actor: Actor = OWNER): Promise<string> {
  return (await host.downloads.order({ offers: [offer], place: { type: 'lora' }, actor })).jobId
}

const told = async (): Promise<unknown[]> =>
  (await host.audit()).map(({ after }) => [(after as JsonObject).verdict, (after as JsonObject).reason])

test('what was refused and is allowed later is told before it is fetched', async () => {
  await start({ policy: { maxSizeBytes: 1000 } })
  const id = await order(known())
  expect(await host.ended(id)).toMatchObject({ reason_code: 'size' })
  host = await host.restart({ policy: { maxSizeBytes: 10 ** 9 } })
  host.clock.advance(1)
  let before: unknown
  const end = host.events.subscribe(({ data }) => {
    if (data.status === 'downloading') before ??= told()
  })
  await host.reopen(['size'])
  expect(await host.ended(id)).toMatchObject({ status: 'completed' })
  end()
  expect(await before).toEqual([
    ['ask', 'size'],
    ['allow', null],
  ])
  expect(await told()).toHaveLength(2)
})

test('a size that only the source tells is decided by too', async () => {
  await start({ policy: { maxSizeBytes: 1000 } })
  const { size_bytes: _, ...unsized } = known()
  const studio = aTokenActor('studio', 'models:download')
  const id = await order(unsized, studio)
  expect(await host.ended(id)).toMatchObject({ reason_code: 'size' })
  expect(await host.audit()).toMatchObject([
    { actor: 'studio', rowId: `url:${server.url}`, after: { verdict: 'ask', reason: 'size', type: 'lora' } },
  ])
  expect(server.sentBytes()).toBeLessThan(2)
})

test('so is room on the disk', async () => {
  await start({ minFreeBytes: 2 ** 53 })
  expect(await host.ended(await order(known()))).toMatchObject({ reason_code: 'disk' })
  expect(await told()).toEqual([['ask', 'disk']])
})

test('each asker is told of once, and nothing that opens an address is', async () => {
  await start()
  const offer = known({ ref: { kind: 'url', url: `${server.url}?token=hidden&v=1`, by_caller: true } })
  for (const actor of [OWNER, aTokenActor('studio', 'models:download')]) {
    const call = { actor, signal: new AbortController().signal, type: 'lora' as const }
    expect(await host.downloads.decide([offer], call)).toHaveProperty('allowed')
    await order(offer, actor)
  }
  await host.jobs.whenIdle()
  const rows = await host.audit()
  expect(rows.map(({ actor, rowId }) => [actor, rowId])).toEqual([
    ['local', `url:${server.url}?v=1`],
    ['studio', `url:${server.url}?v=1`],
  ])
  expect(JSON.stringify(rows)).not.toContain('hidden')
})
