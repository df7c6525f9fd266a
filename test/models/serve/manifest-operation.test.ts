import { afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import * as v from 'valibot'
import { createServeRule } from '../../../src/models/serve/exclude.ts'
import { createHostKey } from '../../../src/models/serve/host-key.ts'
import { createManifest } from '../../../src/models/serve/manifest.ts'
import { createManifestOperation } from '../../../src/models/serve/manifest-operation.ts'
import { createServedRows } from '../../../src/models/serve/served-rows.ts'
import { verifyManifest } from '../../../src/models/serve/verify-manifest.ts'
import type { Operation } from '../../../src/operation/operation.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { aCall, aTokenActor, createTestClock } from '../../support/track.ts'
import { aRow, HERE, hexOf, insertRows } from './index-rows.ts'

let temp: TempDb
let operation: Operation
beforeEach(async () => {
  temp = await openTempDb()
  const clock = createTestClock()
  await insertRows(temp.db, [aRow('loras/a'), aRow('vae/b', { type: 'vae' })])
  operation = createManifestOperation({
    manifest: createManifest({
      rows: createServedRows({ db: temp.db, instanceId: () => HERE, roots: () => ['/'] }),
      rule: createServeRule({ exclude: [], allowPickle: false, now: clock.now }),
      hostKey: createHostKey({ file: join(temp.dir, 'node-key') }),
      clock,
      instanceId: () => HERE,
      chunks: async () => ({ chunkBytes: 16, hashes: [] }),
    }),
  })
})
afterEach(() => temp.close())

test('answers what its schema says, with the signed text beside it', async () => {
  const output = await operation.invoke({}, aCall())
  expect(v.safeParse(operation.outputSchema, output).success).toBe(true)
  const representation = operation.http.representation?.(output)
  expect(JSON.parse(representation?.text ?? '')).toEqual(output)
  await verifyManifest(output)
  // The same answer again: what was kept of the first is what is sent.
  expect(operation.http.representation?.(await operation.invoke({}, aCall()))).toEqual(representation as never)
  expect(operation.http.representation?.({})).toBeUndefined()
})

test('takes types, a digest in any letter case, and chunks', async () => {
  expect(await operation.invoke({ include: ['loras'] }, aCall())).toMatchObject({ models: [{ filename: 'a' }] })
  const hash = hexOf('vae/b').toUpperCase()
  expect(await operation.invoke({ hash, chunks: true }, aCall())).toMatchObject({
    models: [{ filename: 'b', chunks: { size: 16 } }],
  })
})

test('gives chunk hashes to those who may fetch the bytes', async () => {
  const input = { hash: hexOf('vae/b'), chunks: true }
  const call = (...permissions: Parameters<typeof aTokenActor>[1][]) =>
    aCall({ actor: aTokenActor('t', ...permissions) })
  expect(await rejection(operation.invoke(input, call('models:read')))).toMatchObject({ code: 'forbidden' })
  expect(await operation.invoke(input, call('models:read', 'models:serve'))).toMatchObject({ models: [{ chunks: {} }] })
})

test.each([
  [{ include: ['lorax'] }, 'invalid_input'],
  [{ hash: 'abc' }, 'invalid_input'],
  [{ chunks: true }, 'invalid_input'],
])('%j is refused', async (input, code) => {
  expect(await rejection(operation.invoke(input, aCall()))).toMatchObject({ code })
})

test('needs models:read', async () => {
  const call = (...permissions: Parameters<typeof aTokenActor>[1][]) =>
    aCall({ actor: aTokenActor('t', ...permissions) })
  expect(await rejection(operation.invoke({}, call('models:serve')))).toMatchObject({ code: 'forbidden' })
  await operation.invoke({}, call('models:read'))
})
