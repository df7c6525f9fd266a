import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CliApp, CliParts } from '../../src/cli/app.ts'
import type { Config } from '../../src/config.ts'
import { type Ownership, takeOwnership } from '../../src/db/owner.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { createCliJobs } from './cli-jobs.ts'
import { createCliOperations } from './cli-operations.ts'
import { listenForCli } from './cli-server.ts'

/**
 * A small program behind the command line: real operations, the real lock of the data directory and a real server,
 * but nothing of the ledger. What opens and closes is written to `<data>/log`.
 */
export function createCliApp(config: Config): CliApp {
  const { dataDir, settings } = config
  const jobs = createCliJobs()
  const operations = createCliOperations({ dataDir, jobs })
  const tokens = settings.token === '' ? [] : [settings.token]
  let ownership: Ownership | undefined
  const tell = (word: string): void => appendFileSync(join(dataDir, 'log'), `${process.pid} ${word}\n`)
  return {
    config,
    operations,
    events: jobs.events,
    hasher: createHashPool(),
    async open() {
      const taken = await takeOwnership(dataDir)
      if (taken === undefined) return 'busy'
      ownership = taken
      tell('open')
      return 'opened'
    },
    startJobs: () => jobs.start(),
    whenIdle: () => jobs.whenIdle(),
    hasTokens: async () => tokens.length > 0,
    listen: (options) =>
      listenForCli({ operations, events: jobs.events, tokens, onStream: () => tell('stream') }, options),
    mcp: {
      /** One call for each line of stdin: `{"operation", "input"}`; its answer is a line of stdout. */
      async serveStdio(invoke, signal) {
        const { createInterface } = await import('node:readline')
        const answers: Promise<void>[] = []
        for await (const line of createInterface({ input: process.stdin, signal })) {
          const { operation: name, input } = JSON.parse(line) as { operation: string; input: object }
          const operation = operations.find((each) => each.name === name)
          if (operation === undefined) throw new Error(`no operation ${name}`)
          const call = invoke(operation, input, { signal, progress() {} })
          answers.push(
            call.then(
              (output) => void process.stdout.write(`${JSON.stringify(output)}\n`),
              (error: unknown) => void process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`),
            ),
          )
        }
        await Promise.all(answers)
      },
    },
    async restore(from) {
      const taken = await takeOwnership(dataDir)
      if (taken === undefined) return 'busy'
      tell(`restore ${from}`)
      taken.release()
      return { database: join(dataDir, 'airkeep.db'), sizeBytes: 3, kept: undefined }
    },
    async close() {
      await jobs.stop()
      if (ownership !== undefined) tell('close')
      ownership?.release()
      ownership = undefined
    },
  }
}

export const cliParts: CliParts = {
  createApp: async (config) => createCliApp(config),
  createHasher: async () => createHashPool(),
}
