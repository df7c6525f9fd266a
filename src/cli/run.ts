import { CommanderError } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { ERROR_KINDS } from '../errors.ts'
import type { CliParts } from './app.ts'
import { createContext, type LoadedApp, toJson, withLogLevel } from './context.ts'
import { type Scanned, scanArgv } from './globals.ts'
import type { EndSignal, Outside } from './outside.ts'
import { createProgram } from './program.ts'
import { reportError } from './report.ts'

/** Commands that need no operation to be understood: they start without loading the rest of the program. */
const LEAN = new Set([...['serve', 'mcp', 'import', 'hash', 'backup', 'restore', 'config', 'service', 'version']])

/** Signals closer together than this are one: no person presses twice so fast. */
const SAME_SIGNAL_MS = 300

/** Carries out one command line; answers the exit code. Errors are written, never thrown. */
export async function runCli(outside: Outside, parts: CliParts): Promise<number> {
  const scanned = scanArgv(outside.argv)
  const controller = new AbortController()
  let interruptedBy: EndSignal | undefined
  let interruptedAt = 0
  let interruptions = 0
  const stopListening = outside.onSignal((signal) => {
    interruptions += 1
    if (interruptedBy !== undefined) {
      // The second one means: now. But one Ctrl-C may come twice: from the terminal, and passed on by npm.
      const isEcho = interruptions === 2 && performance.now() - interruptedAt < SAME_SIGNAL_MS
      if (!isEcho) outside.exit(ERROR_KINDS.cancelled.exitCode)
      return
    }
    interruptedAt = performance.now()
    interruptedBy = signal
    controller.abort(new DOMException(`Interrupted by ${signal}`, 'AbortError'))
  })

  let json = scanned.json
  let help = ''
  let exitCode = 0
  try {
    const loaded = await loadForParsing(scanned, outside, parts)
    const program = createProgram({
      operations: loaded?.app.operations ?? [],
      columns: outside.stdout.columns,
      writeHelp: (text) => {
        help += text
      },
      async act(globals, handler) {
        json = globals.json
        const { signal } = controller
        const context = createContext({ outside, parts, globals, loaded, signal, interruptedBy: () => interruptedBy })
        try {
          exitCode = await handler(context)
        } finally {
          context.progress.clear()
        }
      },
    })
    await program.parseAsync(outside.argv.length === 0 ? ['help'] : [...outside.argv], { from: 'user' })
    await writeHelp()
    return exitCode
  } catch (error) {
    try {
      if (error instanceof CommanderError && error.exitCode === 0) {
        await writeHelp()
        return 0
      }
    } catch (writing) {
      return await reportError(writing, { outside, json, interruptedBy })
    }
    return await reportError(error, { outside, json, interruptedBy })
  } finally {
    stopListening()
  }

  async function writeHelp(): Promise<void> {
    if (help === '') return
    await outside.stdout.write(json ? toJson({ help }, outside.stdout.isTerminal) : help)
  }
}

async function loadForParsing(scanned: Scanned, outside: Outside, parts: CliParts): Promise<LoadedApp | undefined> {
  if (scanned.command !== undefined && LEAN.has(scanned.command)) return undefined
  const { data, config } = scanned
  const { env, cwd } = outside
  let settings: Config | undefined
  try {
    settings = loadConfig({ env, cwd, data, configFile: config })
  } catch {
    // Help must not depend on a config file that may be the very thing that is broken, and the first look at argv may
    // be mistaken: the command itself reads the configuration again and says what is wrong with it.
  }
  const nothing = (): Config => loadConfig({ env: {}, cwd, data: '/dev/null' })
  const app = await parts.createApp(withLogLevel(settings ?? nothing(), scanned.quiet))
  return { app, from: settings === undefined ? undefined : { data, config } }
}
