import { Command } from 'commander'
import { AppError } from '../errors.ts'
import type { Operation } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { addGlobalOptions, type Globals, globalsOf } from './globals.ts'
import { defineOperationCommand } from './operation-command.ts'

/** Carries out the command with the flags of every command; the handler answers the exit code. */
export type Act = (globals: Globals, handler: (context: Context) => Promise<number>) => Promise<void>

export interface ProgramDeps {
  /** Empty where the command that was asked for needs none. */
  readonly operations: readonly Operation[]
  readonly columns: number | undefined
  writeHelp(text: string): void
  readonly act: Act
}

const OWN = 'Commands:'
const OPERATIONS = 'Operations:'

/** Words that the contract promises, and the operation that stands behind each where this version has it. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  token: { create: 'create_token', list: 'list_tokens', revoke: 'revoke_token' },
  node: { add: 'add_node', list: 'list_nodes', remove: 'remove_node' },
  catalog: { check: 'check_downloads', validate: 'validate_catalog' },
}

const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  token: 'tokens for callers other than the local owner',
  node: 'other hosts that serve models',
  catalog: 'catalog pages and the files they name',
}

/** The whole command line. Fields of operations become flags only when their command is asked for. */
export function createProgram(deps: ProgramDeps): Command {
  const { act } = deps
  const operations = deps.operations.filter(({ surfaces }) => surfaces.includes('cli'))
  const define = new Map<Command, () => void>()
  const defineLater = (_: Command, command: Command): void => {
    define.get(command)?.()
    define.delete(command)
  }

  const program = new Command('airkeep')
    .description('Which AI models this host has, which a prompt needs, and what was made with them.')
    .exitOverride()
    .configureOutput({
      writeOut: deps.writeHelp,
      writeErr() {},
      outputError() {},
      getOutHelpWidth: () => deps.columns ?? 100,
      getOutHasColors: () => false,
    })
    .enablePositionalOptions()
    .helpCommand(false)
    .hook('preSubcommand', defineLater)
  addGlobalOptions(program)

  const command = (parent: Command, usage: string, summary: string): Command =>
    addGlobalOptions(parent.command(usage).summary(summary).description(summary).helpGroup(OWN))
  const list = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value]
  const run = (of: Command, handler: (context: Context) => Promise<number>) => act(globalsOf(of), handler)

  command(program, 'serve', 'HTTP, live events and MCP, until it is stopped')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 picks a free one', '7801')
    .option('--models <dir>', 'model folder; may be repeated', list)
    .action((options, self) => run(self, async (context) => (await import('./serve.ts')).serve(context, options)))
  command(program, 'mcp', 'MCP over stdin and stdout').action((_, self) =>
    run(self, async (context) => (await import('./mcp.ts')).mcp(context)),
  )
  command(program, 'import <source...>', 'find the models that a picture or prompt needs')
    .usage('[options] FILE|DIR|URL|-...')
    .option('--models <dir>', 'model folder; may be repeated', list)
    .option('--format <name>', 'format of the prompt; found out where it is not given', 'auto')
    .option('--dry-run', 'say what is needed and start nothing')
    .option('--no-wait', 'start the job and do not follow it')
    .option('--track', 'also record prompt and picture in the ledger')
    .option('-y, --yes', 'download without asking first')
    .action((sources, options, self) =>
      run(self, async (context) => (await import('./import.ts')).importPrompts(context, sources, options)),
    )
  command(program, 'scan [dir...]', 'index model files')
    .option('--models <dir>', 'model folder; may be repeated', list)
    .option('--identify', 'also look the files up at Civitai')
    .option('--no-wait', 'start the job and do not follow it')
    .action((dirs, options, self) =>
      run(self, async (context) => (await import('./scan.ts')).scan(context, dirs, options)),
    )
  command(program, 'hash <path...>', 'SHA-256 of files, as sha256sum prints it')
    .usage('[options] PATH|URL|-...')
    .option('--all', 'every digest that model tools use')
    .option('--engine <name>', 'native, or wasm to check it by another implementation', 'native')
    .action((paths, options, self) =>
      run(self, async (context) => (await import('./hash.ts')).hash(context, paths, options)),
    )
  const config = group('config', 'settings')
  command(config, 'show', 'every setting, its value and where it came from').action((_, self) =>
    run(self, async (context) => (await import('./config.ts')).showConfig(context)),
  )
  command(program, 'version', 'print the version').action((_, self) =>
    run(self, async (context) => (await import('./version.ts')).printVersion(context)),
  )
  command(program, 'help [command...]', 'this text, or that of a command').action((words: string[]) => showHelp(words))

  for (const [name, words] of Object.entries(WORDS)) {
    const parent = group(name, GROUP_SUMMARIES[name] ?? '')
    for (const [word, operationName] of Object.entries(words)) {
      const operation =
        operations.find((each) => each.words.join(' ') === `${name} ${word}`) ??
        operations.find((each) => each.name === operationName)
      if (operation === undefined) absent(parent, word, `${name} ${word}`)
      else operationCommand(parent, word, operation)
    }
  }
  for (const operation of operations) {
    operationCommand(program, operation.name.replaceAll('_', '-'), operation).helpGroup(OPERATIONS)
  }
  return program

  function group(name: string, summary: string): Command {
    const made = program.command(name).summary(summary).description(summary).helpGroup(OWN)
    return addGlobalOptions(made.enablePositionalOptions().helpCommand(false).hook('preSubcommand', defineLater))
  }

  function operationCommand(parent: Command, word: string, operation: Operation): Command {
    const made = parent.command(word).summary(operation.summary)
    define.set(made, () => defineOperationCommand(made, operation, act))
    return made
  }

  function absent(parent: Command, word: string, words: string): void {
    parent
      .command(word)
      .summary('not part of this version')
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .action(() => {
        throw new AppError('invalid_input', `airkeep ${words} is not part of this version`)
      })
  }

  function showHelp(words: readonly string[]): void {
    let at: Command = program
    for (const word of words) {
      const next = at.commands.find((each) => each.name() === word)
      if (next === undefined) {
        throw new AppError('invalid_input', `There is no command ${words.join(' ')}`, {
          hint: 'airkeep help lists the commands',
        })
      }
      defineLater(at, next)
      at = next
    }
    at.outputHelp()
  }
}
