/** Watches the root named as argument and ends without closing anything. */
import { silentLog } from '../../../src/lib/log.ts'
import { watchRoots } from '../../../src/models/watch/watch-roots.ts'
import { rootAt } from '../scan/walked.ts'

const alive = setInterval(() => {}, 1_000)
await watchRoots([rootAt(process.argv[2] ?? '')], { log: silentLog, onChange() {} }).ready
process.stdout.write('ready')
clearInterval(alive)
