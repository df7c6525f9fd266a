import { createOutside } from './cli/outside.ts'
import { runCli } from './cli/run.ts'

const exitCode = await runCli(createOutside(process), {
  createApp: async (config) => (await import('./app.ts')).createApp(config),
  createHasher: async () => (await import('./app.ts')).createHasher(),
})
// Whatever still listens or waits must not keep a finished command alive.
process.exit(exitCode)
