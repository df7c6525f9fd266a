import { expect, test } from 'bun:test'
import { toOwnAnswer, toPrivate } from '../../src/import/job-answer.ts'
import { packTexts } from '../../src/import/packed-text.ts'
import type { JobRow } from '../../src/jobs/job.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { aTokenActor } from '../support/track.ts'

const aRow = (ofEnd: JobRow['private']): JobRow => ({
  id: 'imp_1',
  kind: 'import',
  key: null,
  status: 'succeeded',
  state: 'completed',
  owner: 'agent',
  actor: {},
  input: {},
  view: { status: 'completed', progress: 1, dependencies: [] },
  private: ofEnd,
  batchId: null,
  attempts: 0,
  instanceId: 'here',
  createdAt: 0,
  updatedAt: 0,
})

test('prompts of whatever length come back as they were, to their owner and admin alone', async () => {
  const long = 'a harbor at dusk, '.repeat(20_000)
  const texts = [
    { place: 'png:tEXt:prompt', key: 'prompt', text: long },
    { place: 'png:tEXt:parameters', key: 'parameters', text: 'x' },
    { place: 'png:tEXt:workflow', key: 'workflow', text: `{"w": "${long}"}` },
  ]
  const kept = toPrivate(await packTexts(texts)) ?? null
  expect(JSON.stringify(kept).length).toBeLessThan(long.length)
  for (const actor of [aTokenActor('agent', 'models:download'), OWNER]) {
    const answer = await toOwnAnswer(aRow(kept), actor)
    expect([answer.rewritten_payload, answer.rewritten_workflow]).toEqual([long, `{"w": "${long}"}`])
  }
  const other = await toOwnAnswer(aRow(kept), aTokenActor('other', 'models:read'))
  expect(other).not.toHaveProperty('rewritten_payload')
  expect(other).not.toHaveProperty('rewritten_workflow')
})

test('a prompt that needs no other names keeps nothing', async () => {
  expect(toPrivate([])).toBeUndefined()
  expect(await toOwnAnswer(aRow(null), OWNER)).not.toHaveProperty('rewritten_payload')
})

test('what was damaged meanwhile is told', async () => {
  const broken = { rewritten: [{ place: 'p', key: '', gzip: 'AAAA' }] }
  const answer = toOwnAnswer(aRow(broken), OWNER)
  expect(await answer.catch((error: unknown) => error)).toMatchObject({ code: 'internal' })
})
