/** Prints how the root named as argument is noticed to change, after the first look at it: for runs with other limits. */
import { silentLog } from '../../../src/lib/log.ts'
import { watchRoots } from '../../../src/models/watch/watch-roots.ts'
import { rootAt } from '../scan/walked.ts'

const alive = setInterval(() => {}, 1_000)
const root = rootAt(process.argv[2] ?? '')
let reason: unknown
const changed: string[] = []
const watching = watchRoots([root], {
  log: {
    ...silentLog,
    info(fields) {
      reason = 'reason' in fields ? fields.reason : undefined
    },
  },
  onChange: (_root, folders) => changed.push(...folders),
  timing: { quietMs: 5, longestMs: 50, rescanMs: 20, retryMs: 20 },
})
await watching.ready
while (changed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
process.stdout.write(JSON.stringify({ mode: watching.modeOf(root), reason, changed: [...new Set(changed)] }))
await watching.close()
clearInterval(alive)
