import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { type FakeNode, startFakeNode } from '../models/nodes/fake-node.ts'
import { ok } from '../support/raw-server.ts'
import { type ImportHost, loads, openImports } from './import-host.ts'

let node: FakeNode
let host: ImportHost
beforeEach(async () => {
  node = await startFakeNode()
  node.answer = async () => ok(await node.manifest({ models: ['changed on the way'] }))
  host = await openImports({ env: { AIRKEEP_CIVITAI_ALLOWED_REMOTE_NODES: node.url } })
})
afterEach(async () => {
  await host.close()
  await node[Symbol.asyncDispose]()
})

test('an import says why a node that may have the model is not asked', async () => {
  for (let run = 0; run < 2; run += 1) {
    const { dependencies } = await host.run({ payload: loads('ink.safetensors') })
    const [dependency] = dependencies as JsonObject[]
    expect(dependency?.status).toBe('missing')
    expect(dependency?.reason).toMatch(/signature .* does not hold.* until the owner adds it again/)
    expect(JSON.stringify(dependency?.steps)).toContain('signature')
    host.clock.advance(86_400_000)
  }
  // Once to find out what it speaks, once for its list.
  expect(node.requests.length).toBeLessThan(3)
})
