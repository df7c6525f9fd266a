import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/lib/json.ts'
import { safetensors } from '../../http/swarm/swarm-host.ts'
import { type AirkeepNode, startAirkeepNode } from '../../support/airkeep-node.ts'
import { type FakeSwarm, startFakeSwarm } from '../../support/fake-swarm.ts'
import { rejection } from '../../support/rejection.ts'
import { type ImportHost, loads, openImports } from '../import-host.ts'

const INK = safetensors('ink')
const OTHER = safetensors('other ink')

let host: ImportHost
let box: AirkeepNode
let swarm: FakeSwarm
beforeEach(async () => {
  host = await openImports()
  box = await startAirkeepNode()
  swarm = await startFakeSwarm([{ subtype: 'LoRA', name: 'ink.safetensors', bytes: OTHER }])
  const token = await box.token('models:read', 'models:serve')
  await host.addNode({ name: 'box', url: box.url, dialect: 'airkeep', token })
  await host.addNode({ name: 'swarm', url: swarm.url, dialect: 'swarmui' })
})
afterEach(async () => {
  await host.close()
  await box[Symbol.asyncDispose]()
  await swarm[Symbol.asyncDispose]()
})

const only = ({ dependencies }: JsonObject): JsonObject => (dependencies as JsonObject[])[0] ?? {}

async function choose(job: JsonObject, choice: JsonObject): Promise<JsonObject> {
  const at = { job_id: String(job.job_id), reference: 'ink.safetensors' }
  await host.invoke('choose_candidate', { ...at, ...choice })
  return only(await host.ended(job))
}

test.each([
  ['box', 'sha256', INK],
  ['swarm', 'tensor_sha256', OTHER],
] as const)('of two that nodes have under one name that of %s is fetched', async (node, digest, bytes) => {
  await box.add('ink.safetensors', INK)
  const job = await host.run({ payload: loads('ink.safetensors') })
  const { status, candidates } = only(job)
  expect(status).toBe('ambiguous')
  const wanted = (candidates as JsonObject[]).find((candidate) => String(candidate.why).includes(node)) ?? {}
  expect(await choose(job, { [digest]: wanted[digest] ?? '' })).toMatchObject({
    status: 'resolved',
    resolved_source: 'remote',
    resolved_node: node,
    resolved_name: 'ink.safetensors',
  })
  expect(readFileSync(join(host.models, 'loras/ink.safetensors')).equals(bytes)).toBe(true)
})

test('one that nodes of both dialects have is no choice', async () => {
  await box.add('ink.safetensors', OTHER)
  const job = await host.run({ payload: 'a pier <lora:ink:1>\nSteps: 20, Sampler: Euler, Seed: 1' })
  expect(only(job)).toMatchObject({ status: 'resolved', resolved_node: 'box' })
})

test('without fetching, what can be had names its digest', async () => {
  const { sha256 } = await box.add('ink.safetensors', OTHER)
  const job = await host.run({ payload: loads('ink.safetensors'), download: false })
  expect(only(job).candidates).toContainEqual({ sha256, name: 'ink.safetensors', why: 'can be had from box' })
})

test.each([
  [{ sha256: 'ab' }],
  [{ tensor_sha256: 'no digest' }],
  [{ sha256: 'ab'.repeat(32), tensor_sha256: 'ab'.repeat(32) }],
  [{ sha256: 'ab'.repeat(32), skip: true }],
])('%j is no choice', async (choice) => {
  const job = await host.run({ payload: loads('ink.safetensors'), download: false })
  expect(await rejection(choose(job, choice))).toMatchObject({ code: 'invalid_input' })
})

test('a digest that nobody has is missing, whatever has the name', async () => {
  const job = await host.run({ payload: loads('ink.safetensors'), download: false })
  expect(await choose(job, { sha256: 'AB'.repeat(32) })).toMatchObject({ status: 'missing', candidates: [] })
})
