import { type Ended, start } from './airkeep.ts'
import { hashedAt, type Index, readIndex } from './index.ts'
import { beginAnew, judge, killed, moment, type Place, type Round } from './rounds.ts'

/** Kills a server while it scans of its own accord, and starts it again: it goes on without being asked. */
export async function serveScan(place: Place, seconds: number): Promise<Round> {
  const env = { AIRKEEP_MODELS: place.roots.join(':'), AIRKEEP_LOG: 'warn' }
  const args = ['serve', '--port', '0']
  let index: Index
  do {
    beginAnew(place)
    await killed(start(place.binary, args, { data: place.data, env }), moment(place, seconds))
    index = await readIndex(place.data)
    // One that was through by then has left nothing to go on with.
  } while (index.jobs.some((job) => job['status'] === 'succeeded'))
  const before = hashedAt(index)
  const run = start(place.binary, args, { data: place.data, env })
  const scanned = await whenScanned(place.data, index, run.ended)
  run.kill('SIGTERM')
  const last = await run.ended
  const job = scanned === undefined ? {} : (JSON.parse(scanned) as Record<string, unknown>)
  return judge(place, { before, finished: [before.size], last, job })
}

const PATIENCE_MS = 30_000

/** The view of the newest scan when every scan has ended, and one has since `before`. */
async function whenScanned(data: string, before: Index, ended: Promise<Ended>): Promise<string | undefined> {
  let over = false
  void ended.then(() => {
    over = true
  })
  const versions = new Set(before.jobs.map(versionOf))
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS && !over; await Bun.sleep(100)) {
    const { jobs } = await readIndex(data)
    const newest = jobs.at(-1)
    const isOver = jobs.every((job) => job['status'] === 'succeeded')
    if (isOver && newest !== undefined && !versions.has(versionOf(newest))) return String(newest['view'])
  }
  return undefined
}

const versionOf = (job: Index['jobs'][number]): string => `${String(job['id'])} ${String(job['updated_at'])}`
