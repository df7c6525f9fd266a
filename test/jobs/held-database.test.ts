import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import * as v from 'valibot'
import { createEventHub } from '../../src/events/hub.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { backend, openTempDb, type TempDb } from '../support/temp-db.ts'

/** Another program with the database open: begins to write, and lets go, each time that it hears something. */
const HOLDER = `
const { Database } = require('bun:sqlite')
const db = new Database(process.argv[1])
let held = false
process.stdin.on('data', () => {
  db.run(held ? 'ROLLBACK' : 'BEGIN IMMEDIATE')
  held = !held
  process.stdout.write('done')
})`

let temp: TempDb
let store: JobStore
let runner: JobRunner
let holder: ChildProcess
/** Resolves when jobs have to wait. */
let waits: PromiseWithResolvers<void>

beforeEach(async () => {
  temp = await openTempDb()
  const parts = { db: temp.db, clock: systemClock, instanceId: () => 'here' }
  const events = createEventHub(parts)
  store = createJobStore({ ...parts, events })
  waits = Promise.withResolvers()
  const log = { ...silentLog, warn: () => waits.resolve(), child: () => log }
  runner = createJobRunner({ store, events, log })
  holder = spawn(process.execPath, ['-e', HOLDER, join(temp.dir, 'airkeep.db')], { stdio: ['pipe', 'pipe', 'inherit'] })
  runner.register({
    ...{ kind: 'scan', prefix: 'scan', permission: 'models:read', concurrency: 1, input: v.object({}) },
    async run() {
      await switchHold()
      return { status: 'succeeded', view: { status: 'completed' } }
    },
    reopened: (view) => view,
    ended: (view, how) => ({ ...view, status: how }),
  })
  await runner.start()
})
afterEach(async () => {
  holder.kill()
  await runner.stop()
  await temp.close()
})

async function switchHold(): Promise<void> {
  const { stdin, stdout } = holder
  if (stdin === null || stdout === null) throw new Error('It hears nothing')
  const done = once(stdout, 'data')
  stdin.write('switch')
  await done
}

// A server has its own ways to be held up.
test.skipIf(backend !== 'file')('the end of a job is stored once another program lets go of the database', async () => {
  const { id } = await runner.create('scan', { actor: OWNER, input: {}, view: { status: 'analyzing' } })
  await waits.promise
  expect(await store.find(id)).toMatchObject({ status: 'running' })
  await switchHold()
  await runner.whenIdle()
  expect(await store.find(id)).toMatchObject({ status: 'succeeded', view: { status: 'completed' } })
})
