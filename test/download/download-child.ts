/** `TARGET URL SHA256`: one download over one connection in a process of its own, which can be killed. */
import { parseSha256 } from '../../src/hash/digest.ts'
import { aSource, download, KIB } from './world.ts'

const [target = '', url = '', digest = ''] = process.argv.slice(2)
await download({
  target,
  sources: [aSource(url)],
  request: { expected: { sha256: parseSha256(digest) } },
  maxRanges: 1,
  tuning: { syncEveryMs: 0, syncEveryBytes: 64 * KIB },
})
