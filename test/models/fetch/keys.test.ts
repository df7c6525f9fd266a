import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAudit } from '../../../src/db/audit.ts'
import { auditTable } from '../../../src/db/audit-table.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { createSealer } from '../../../src/lib/sealed.ts'
import { createKeyOperations } from '../../../src/models/fetch/key-operations.ts'
import { upstreamKeysTable } from '../../../src/models/fetch/table.ts'
import { createTerms, type Terms } from '../../../src/models/fetch/terms.ts'
import { createUpstreamKeys, type UpstreamKeys } from '../../../src/models/fetch/upstream-keys.ts'
import type { Offer } from '../../../src/models/fetch/wanted.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { aCall, aTokenActor, createTestClock } from '../../support/track.ts'

const KEY = 'a-key-that-nobody-may-see'
const STUDIO = aTokenActor('studio', 'models:download')
const OTHER = aTokenActor('other', 'models:download')

let temp: TempDb
let keys: UpstreamKeys
let terms: Terms
let reopened: string[]
beforeEach(async () => {
  temp = await openTempDb()
  reopened = []
  open()
})
afterEach(() => temp.close())

function open(shareHostKeys = false, instance = 'inst_here'): void {
  const parts = {
    db: temp.db,
    audit: createAudit(temp.db),
    clock: createTestClock(),
    instanceId: () => instance,
  }
  keys = createUpstreamKeys({
    ...parts,
    sealer: createSealer({ keyFile: join(temp.dir, 'seal-key') }),
    hostKeys: { civitai: 'the-host-key', huggingface: '' },
    shareHostKeys,
  })
  terms = createTerms(parts)
}

function invoke(name: string, input: JsonObject, actor = STUDIO): Promise<JsonObject> {
  const reopen = async (reason: string): Promise<void> => void reopened.push(reason)
  const operation = createKeyOperations({ keys, terms, reopen }).find((one) => one.name === name)
  if (operation === undefined) throw new Error(`There is no operation ${name}`)
  return operation.invoke(input, aCall({ actor }))
}

describe('an upstream key', () => {
  test('is of the one who stored it', async () => {
    expect(await invoke('set_upstream_key', { provider: 'civitai', key: KEY })).toEqual({
      provider: 'civitai',
      stored: true,
    })
    expect(await keys.find('civitai', STUDIO)).toBe(KEY)
    expect(await keys.find('civitai', OTHER)).toBeUndefined()
    expect(await keys.find('huggingface', STUDIO)).toBeUndefined()
    expect(reopened).toEqual(['login', 'terms'])
  })

  test('goes before the one of the host, which is the owner’s alone unless it is shared', async () => {
    expect(await keys.find('civitai', OWNER)).toBe('the-host-key')
    expect(await keys.find('civitai', STUDIO)).toBeUndefined()
    open(true)
    expect(await keys.find('civitai', STUDIO)).toBe('the-host-key')
    await keys.set('civitai', KEY, STUDIO)
    expect(await keys.find('civitai', STUDIO)).toBe(KEY)
  })

  test('can be replaced and removed', async () => {
    await keys.set('civitai', KEY, STUDIO)
    await keys.set('civitai', 'another', STUDIO)
    expect(await keys.find('civitai', STUDIO)).toBe('another')
    expect(await invoke('set_upstream_key', { provider: 'civitai', key: null })).toEqual({
      provider: 'civitai',
      stored: false,
    })
    expect(await keys.find('civitai', STUDIO)).toBeUndefined()
  })

  test('lies nowhere in the open: neither in the database nor in the audit log', async () => {
    await keys.set('civitai', KEY, STUDIO)
    const rows = JSON.stringify(await temp.db.read.select().from(upstreamKeysTable))
    const audit = JSON.stringify(await temp.db.read.select().from(auditTable))
    expect(rows).not.toContain(KEY)
    expect(audit).not.toContain(KEY)
    expect(audit).toContain('set_upstream_key')
    expect(readFileSync(join(temp.dir, 'seal-key'), 'utf8')).not.toContain(KEY)
  })

  test('does not open in another’s row', async () => {
    await keys.set('civitai', KEY, STUDIO)
    const [row] = await temp.db.read.select().from(upstreamKeysTable)
    if (row === undefined) throw new Error('nothing was stored')
    await temp.db.write(async (tx) => {
      await tx.insert(upstreamKeysTable).values({ ...row, owner: 'other' })
    })
    expect(await rejection(keys.find('civitai', OTHER))).toMatchObject({ code: 'conflict' })
  })

  test.each(['', 'two words', 'tab\there', 'ümlaut', 'x'.repeat(4097)] as const)('is refused: %p', async (key) => {
    expect(await rejection(invoke('set_upstream_key', { provider: 'civitai', key }))).toMatchObject({
      code: 'invalid_input',
    })
  })
})

const offer = (versionId: number, modelId: number): Offer => ({
  source: 'civitai',
  ref: { kind: 'civitai', version_id: versionId },
  civitai: { version_id: versionId, model_id: modelId },
  filename: 'x.safetensors',
  matched_by: 'sha256',
  facts: {},
})
const repository = (repo: string): Offer => ({
  source: 'huggingface',
  ref: { kind: 'huggingface', repo, revision: 'main', path: 'x.safetensors' },
  filename: 'x.safetensors',
  matched_by: 'huggingface',
  facts: {},
})

describe('terms', () => {
  test.each([
    [{ civitai_version_id: 2 }, offer(2, 1), offer(3, 1)],
    [{ air: 'urn:air:sdxl:lora:civitai:1@2' }, offer(2, 1), offer(3, 1)],
    [{ air: 'urn:air:sdxl:lora:civitai:1' }, offer(7, 1), offer(1, 2)],
    [{ huggingface_repo: 'Acme/Harbor' }, repository('acme/harbor'), repository('acme/other')],
    [{ air: 'urn:air:flux1:checkpoint:huggingface:acme/harbor' }, repository('Acme/harbor'), offer(1, 1)],
  ])('%j', async (input, accepted, another) => {
    expect(await terms.areAccepted(accepted, STUDIO)).toBe(false)
    const answer = await invoke('accept_terms', input)
    expect(answer).toMatchObject({ accepted_by: 'studio' })
    expect(await terms.areAccepted(accepted, STUDIO)).toBe(true)
    expect(await terms.areAccepted(another, STUDIO)).toBe(false)
    expect(reopened).toEqual(['terms'])
  })

  test('of a version are known by where it is fetched from, whatever else is known of it', async () => {
    const { civitai: _, ...bare } = offer(2, 1)
    await invoke('accept_terms', { civitai_version_id: 2 })
    expect(await terms.areAccepted(bare, STUDIO)).toBe(true)
  })

  test('count for who accepted them, those of the owner for all', async () => {
    await invoke('accept_terms', { civitai_version_id: 2 })
    expect(await terms.areAccepted(offer(2, 1), OTHER)).toBe(false)
    await invoke('accept_terms', { civitai_version_id: 2 }, OWNER)
    expect(await terms.areAccepted(offer(2, 1), OTHER)).toBe(true)
  })

  test('once accepted keep their time and stand in the audit log once', async () => {
    const first = await invoke('accept_terms', { civitai_version_id: 2, note: 'read it' })
    const again = await invoke('accept_terms', { civitai_version_id: 2, note: 'again' })
    expect(again.accepted_at).toBe(first.accepted_at ?? '')
    const rows = await temp.db.read.select().from(auditTable)
    expect(rows.map(({ op, rowId, after }) => ({ op, rowId, after }))).toEqual([
      { op: 'accept_terms', rowId: 'civitai:version:2', after: { owner: 'studio', note: 'read it' } },
    ])
  })

  test.each([
    {},
    { civitai_version_id: 2, huggingface_repo: 'acme/harbor' },
    { air: 'urn:air:sdxl:lora:tensorart:1@2' },
    { air: 'harbor' },
    { huggingface_repo: 'harbor' },
    { civitai_version_id: 0 },
  ])('are refused: %j', async (input) => {
    expect(await rejection(invoke('accept_terms', input))).toMatchObject({ code: 'invalid_input' })
  })
})
