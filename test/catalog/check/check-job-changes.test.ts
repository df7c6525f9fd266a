import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rejection } from '../../support/rejection.ts'
import { aTokenActor } from '../../support/track.ts'
import { type CheckWorld, openCheckWorld } from './check-world.ts'

let world: CheckWorld
beforeAll(async () => {
  world = await openCheckWorld({ sshHosts: ['box.example'] })
  // Jobs wait.
  await world.jobs.stop()
})
afterAll(() => world[Symbol.asyncDispose]())

const checker = { actor: aTokenActor('checker', 'catalog:read') }
const start = async (by = checker): Promise<string> => {
  const { job_id } = await world.invoke(
    'check_downloads',
    { catalog_dir: world.catalog, ssh_host: 'box.example', wait: false },
    by,
  )
  return String(job_id)
}

test('who may check a catalog ends the own check, and begins it again', async () => {
  const job_id = await start()
  expect(await world.invoke('cancel_model_job', { job_id }, checker)).toMatchObject({ job_id, status: 'cancelled' })
  expect(await world.invoke('retry_model_job', { job_id }, checker)).toMatchObject({ job_id, status: 'analyzing' })
})

test('the check of somebody else is none of theirs, and looks like one that is not there', async () => {
  const job_id = await start()
  const other = { actor: aTokenActor('other', 'catalog:read') }
  const told = [job_id, 'check_0000'].map((id) => rejection(world.invoke('cancel_model_job', { job_id: id }, other)))
  for (const error of await Promise.all(told)) {
    expect(error).toMatchObject({ code: 'forbidden', message: 'cancel_model_job needs the permission models:download' })
  }
  const loader = { actor: aTokenActor('loader', 'models:download') }
  expect(await rejection(world.invoke('cancel_model_job', { job_id }, loader))).toMatchObject({ code: 'not_found' })
})

test('a token that may no longer check does not change its checks', async () => {
  const job_id = await start()
  const reader = { actor: aTokenActor('checker', 'models:read') }
  expect(await rejection(world.invoke('cancel_model_job', { job_id }, reader))).toMatchObject({
    code: 'forbidden',
    message: 'cancel_model_job needs the permission catalog:read',
  })
})
