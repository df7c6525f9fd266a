/** The command line over the program of cli-app.ts, as a process of its own: what src/main.ts is to src/app.ts. */
import { createOutside } from '../../src/cli/outside.ts'
import { runCli } from '../../src/cli/run.ts'
import { cliParts } from './cli-app.ts'

process.exit(await runCli(createOutside(process), cliParts))
