import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
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

describe('of files that a SwarmUI knows by their names alone', () => {
  /** Of version 3, without values and tensors; then whatever follows. */
  const gguf = (...rest: Buffer[]): Buffer => Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), Buffer.alloc(16), ...rest])
  const GGUF = { subtype: 'LoRA', name: 'ink.gguf', bytes: gguf(Buffer.alloc(380, 7)) }
  let attic: FakeSwarm
  let job: JsonObject
  beforeEach(async () => {
    attic = await startFakeSwarm([{ ...GGUF, bytes: gguf(Buffer.alloc(480, 8)) }])
    swarm.models.splice(0, 1, GGUF)
    await host.addNode({ name: 'attic', url: attic.url, dialect: 'swarmui' })
    job = await host.run({ payload: loads('ink.gguf') })
  })
  afterEach(async () => {
    await attic[Symbol.asyncDispose]()
  })

  async function chooseAt(choice: JsonObject): Promise<JsonObject> {
    await host.invoke('choose_candidate', { job_id: String(job.job_id), reference: 'ink.gguf', ...choice })
    return only(await host.ended(job))
  }

  test('one is chosen by its node and name', async () => {
    const { status, candidates } = only(job)
    expect(status).toBe('ambiguous')
    expect(candidates).toEqual([
      { node: 'attic', name: 'ink.gguf', size_bytes: 504, why: 'the node attic has it' },
      { node: 'swarm', name: 'ink.gguf', size_bytes: 404, why: 'the node swarm has it' },
    ])
    expect(await chooseAt({ node: 'swarm', name: 'ink.gguf' })).toMatchObject({
      ...{ status: 'resolved', resolved_source: 'remote', resolved_node: 'swarm', resolved_name: 'ink.gguf' },
    })
    expect(readFileSync(join(host.models, 'loras/ink.gguf')).equals(GGUF.bytes)).toBe(true)
  })

  test('one that has another size by now is not taken', async () => {
    swarm.models.splice(0, 1, { ...GGUF, bytes: gguf(Buffer.alloc(400, 9)) })
    host.clock.advance(86_400_000)
    expect(await chooseAt({ node: 'swarm', name: 'ink.gguf' })).toMatchObject({
      status: 'missing',
      reason: expect.stringContaining('another size'),
    })
  })

  test('nor one whose node has it no more, though others have', async () => {
    swarm.models.splice(0, 1)
    host.clock.advance(86_400_000)
    expect(await chooseAt({ node: 'swarm', name: 'ink.gguf' })).toMatchObject({ status: 'missing', candidates: [] })
  })

  test.each([[{ node: 'swarm' }], [{ name: 'ink.gguf' }], [{ node: 'swarm', name: 'ink.gguf', skip: true }]])(
    '%j is no choice',
    async (choice) => {
      expect(await rejection(chooseAt(choice))).toMatchObject({ code: 'invalid_input' })
    },
  )
})
