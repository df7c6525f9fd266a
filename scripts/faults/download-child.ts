/** One download in a process of its own, which can be killed: its argument is the task as JSON. */
import { isAppError } from '../../src/errors.ts'
import { parseSha256 } from '../../src/hash/digest.ts'
import { createEngine, sourceOf } from '../bench/engine.ts'
import type { ChildTask, Outcome } from './download-run.ts'
import { jumpClock } from './jump-clock.ts'

const task = JSON.parse(process.argv[2] ?? '') as ChildTask
const { target, urls, sha256, jumps = 0 } = task

if (jumps > 0) jumpClock(jumps)

process.stdout.write(`${process.pid}\n`)
const fetchFile = createEngine(task)
process.stdout.write(`${JSON.stringify(await outcome())}\n`)
// Threads of the hash pool are still there.
process.exit(0)

async function outcome(): Promise<Outcome> {
  try {
    const { fetchedBytes, hashedBy } = await fetchFile({
      target,
      sources: urls.map(sourceOf),
      expected: { sha256: parseSha256(sha256) },
      signal: new AbortController().signal,
    })
    return { code: 'ok', message: '', fetchedBytes, hashedBy }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { code: error.code, message: error.message, fetchedBytes: 0, hashedBy: '' }
  }
}
