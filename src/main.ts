import { KEEP_REPLICA, keepReplica } from './app/replica-command.ts'
import { createOutside } from './cli/outside.ts'
import { runCli } from './cli/run.ts'

if (process.argv[2] === KEEP_REPLICA) {
  await keepReplica(process)
  process.exit(0)
}
const exitCode = await runCli(createOutside(process), {
  createApp: async (config) => (await import('./app.ts')).createApp(config),
  createHasher: async () => (await import('./app.ts')).createHasher(),
})
// Whatever still listens or waits must not keep a finished command alive.
process.exit(exitCode)
