import { afterEach, beforeEach, expect, test } from 'bun:test'
import { fillDb, makeRoomInDb } from '../support/full-db.ts'
import { backend } from '../support/temp-db.ts'
import { type ImportHost, openImports } from './import-host.ts'

let host: ImportHost
beforeEach(async () => {
  host = await openImports()
})
afterEach(() => host.close())

/** So many that what is stored of them needs room. */
const MANY = Array.from({ length: 150 }, (_, at) => `<lora:harbor-${at}:0.5>`).join(' ')

// A server has its own ways to be full.
test.skipIf(backend !== 'file')(
  'an import whose database has no room waits, says so, and goes on when there is some',
  async () => {
    let filled: Promise<void> | undefined
    const told = new Promise<unknown>((resolve) => {
      host.events.subscribe(({ data }) => {
        filled ??= fillDb(host.db)
        if (data.waiting !== undefined) resolve(data.waiting)
      })
    })
    const { job_id } = await host.invoke('import_prompt', { payload: `harbor at night ${MANY}` })
    expect(String(await told)).toContain('the disk is full')
    await filled
    expect(await host.invoke('get_import_job', { job_id: String(job_id) })).toMatchObject({
      waiting: expect.stringContaining('the disk is full'),
    })
    await makeRoomInDb(host.db)
    const job = await host.ended({ job_id: String(job_id) })
    expect(job).toMatchObject({ status: 'partially_completed' })
    expect(job).not.toHaveProperty('waiting')
    expect(job.dependencies).toHaveLength(150)
  },
)
