import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { registerContentFixtures } from './fixture-contents.ts'
import { FIXTURE_OPERATIONS } from './fixture-operations.ts'
import { registerInputFixtures, registerNotificationFixtures, requestState } from './fixture-requests.ts'

export interface FixtureServer extends AsyncDisposable {
  readonly url: string
}

/**
 * The whole program, listening, with the names that the conformance suite asks for beside its own. The four tools that
 * ask a 2025 client something in the middle of a call are left out: without sessions no answer would come back, and the
 * suite would wait a minute for each.
 */
export async function startFixtureServer(dir: string): Promise<FixtureServer> {
  const app = createApp(loadConfig({ env: { AIRKEEP_LOG: 'silent' }, cwd: dir, data: join(dir, 'data') }), {
    operations: FIXTURE_OPERATIONS,
    mcpExtension: {
      options: { requestState },
      register(server, era) {
        registerContentFixtures(server)
        registerNotificationFixtures(server, era)
        if (era === 'modern') registerInputFixtures(server)
      },
    },
  })
  await app.open()
  const listening = await app.listen({ host: '127.0.0.1', port: 0, secret: 'of this test' })
  return {
    url: listening.url,
    async [Symbol.asyncDispose]() {
      await listening.stop({ force: true })
      await app.close()
    },
  }
}
