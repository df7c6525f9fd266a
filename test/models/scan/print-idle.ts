/** Compares a root named as argument and ends without closing anything. */
import { createModelThreads } from '../../../src/models/scan/thread.ts'
import { rootAt } from './walked.ts'

const threads = createModelThreads()
const { files } = await threads.compare({
  roots: [rootAt(process.argv[2] ?? '')],
  stored: (async function* () {})(),
  signal: new AbortController().signal,
  onChanged: async () => {},
})
process.stdout.write(`${files} files`)
