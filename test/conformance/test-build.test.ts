import { afterAll, beforeAll } from 'bun:test'
import { tempDir } from '../support/temp-dir.ts'
import { describeConformance } from './judge.ts'
import { type FixtureServer, startFixtureServer } from './server.ts'

const folder = tempDir()
let server: FixtureServer
beforeAll(async () => {
  server = await startFixtureServer(folder.path)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

describeConformance('test-build', () => server.url)
