/** Serves one file as `airkeep serve` would, and prints the port: what scripts/bench/serve.ts measures without a build. */

import { aModelSource } from '../../test/http/files/model-source.ts'
import { startApp } from '../../test/http/test-app.ts'
import { describeServed } from './serve-file.ts'

const [path = ''] = process.argv.slice(2)
const t = await startApp({ files: aModelSource({ models: [await describeServed(path)] }) })
const { port } = await t.listen()
process.stdout.write(`${port}\n`)
