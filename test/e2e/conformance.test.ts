import { afterAll, beforeAll } from 'bun:test'
import { describeConformance } from '../conformance/judge.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'

let executable: Executable
let server: Server
beforeAll(async () => {
  executable = installExecutable()
  server = await executable.serve([], { env: { AIRKEEP_LOG: 'error' } })
})
afterAll(() => executable.remove())

describeConformance('executable', () => server.url)
