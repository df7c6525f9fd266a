import { Command } from 'commander'
import { AppError } from '../errors.ts'
import type { Operation } from '../operation/operation.ts'
import { addCatalogCommands } from './catalog/commands.ts'
import type { Context } from './context.ts'
import { exampleOf } from './example.ts'
import { addGlobalOptions, type Globals, globalsOf } from './globals.ts'
import { defineOperationCommand } from './operation-command.ts'
import { addOwnCommands, completionArgument, type OwnCommandDeps } from './own-commands.ts'

/** Carries out the command with the flags of every command; the handler answers the exit code. */
export type Act = (globals: Globals, handler: (context: Context) => Promise<number>) => Promise<void>

export interface ProgramDeps {
  /** Empty where the command that was asked for needs none. */
  readonly operations: readonly Operation[]
  readonly columns: number | undefined
  writeHelp(text: string): void
  readonly act: Act
}

/** The whole command line, and what stands behind its commands. */
export interface Program {
  readonly command: Command
  /** Gives every command the flags of its operation, which otherwise come when it is asked for. */
  defineAll(): void
  operationOf(command: Command): Operation | undefined
  /** Whether the command is only a word that is kept for a later version. */
  isAbsent(command: Command): boolean
}

const OWN = 'Commands:'
const OPERATIONS = 'Operations:'

/** Words that the contract promises, and the operation that stands behind each where this version has it. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  token: { create: 'create_token', list: 'list_tokens', revoke: 'revoke_token' },
  node: { add: 'add_node', list: 'list_nodes', remove: 'remove_node' },
  catalog: {
    check: 'check_downloads',
    validate: 'validate_catalog',
    fix: 'fix_catalog_page',
    'download-missing': 'download_missing',
  },
}

const GROUPS: Readonly<Record<string, { readonly summary: string; readonly example: string }>> = {
  token: { summary: 'tokens for callers other than the local owner', example: 'airkeep token list' },
  node: { summary: 'other hosts that serve models', example: 'airkeep node list' },
  catalog: { summary: 'catalog pages and the files they name', example: 'airkeep catalog validate pages' },
}

export const createProgram = (deps: ProgramDeps): Command => describeProgram(deps).command

export function describeProgram(deps: ProgramDeps): Program {
  const { act } = deps
  const operations = deps.operations.filter(({ surfaces }) => surfaces.includes('cli'))
  const define = new Map<Command, () => void>()
  const behind = new Map<Command, Operation>()
  const absentCommands = new Set<Command>()
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
    .addHelpText('after', exampleText('airkeep import picture.png --models /data/models'))
  addGlobalOptions(program)

  const command = (parent: Command, usage: string, summary: string, example: string): Command =>
    addGlobalOptions(parent.command(usage).summary(summary).description(summary).helpGroup(OWN)).addHelpText(
      'after',
      exampleText(example),
    )
  const run = (of: Command, handler: (context: Context) => Promise<number>) => act(globalsOf(of), handler)

  const ownDeps: OwnCommandDeps = { command, group, program, run, needs }
  addOwnCommands(ownDeps)
  command(
    program,
    'completion',
    'what a shell needs to complete these commands',
    'airkeep completion bash > /etc/bash_completion.d/airkeep',
  )
    .addArgument(completionArgument())
    .action((shell: string, _, self) =>
      run(self, async (context) =>
        (await import('./completion/completion.ts')).printCompletion(context, shell, described),
      ),
    )
  command(program, 'help [command...]', 'this text, or that of a command', 'airkeep help create-asset').action(
    (words: string[]) => showHelp(words),
  )

  for (const [name, words] of Object.entries(WORDS)) {
    const found = Object.entries(words).map(([word, operationName]) => {
      const named = operations.find((each) => each.words.join(' ') === `${name} ${word}`)
      return { word, operation: named ?? operations.find((each) => each.name === operationName) }
    })
    const { summary = '', example = '' } = GROUPS[name] ?? {}
    const parent = group(
      name,
      summary,
      found.some(({ operation }) => operation !== undefined) ? example : 'airkeep help',
    )
    if (found.every(({ operation }) => operation === undefined)) markAbsent(parent)
    if (name === 'catalog') addCatalogCommands(parent, ownDeps)
    for (const { word, operation } of found) {
      if (parent.commands.some((made) => made.name() === word)) continue
      if (operation === undefined) absent(parent, word, `${name} ${word}`)
      else operationCommand(parent, word, operation)
    }
  }
  for (const operation of operations) {
    operationCommand(program, operation.name.replaceAll('_', '-'), operation).helpGroup(OPERATIONS)
  }
  const described: Program = {
    command: program,
    defineAll() {
      for (const made of [...define.keys()]) defineLater(made, made)
    },
    operationOf: (made) => behind.get(made),
    isAbsent: (made) => absentCommands.has(made),
  }
  return described

  function group(name: string, summary: string, example: string): Command {
    const made = program.command(name).summary(summary).description(summary).helpGroup(OWN)
    made.addHelpText('after', exampleText(example))
    return addGlobalOptions(made.enablePositionalOptions().helpCommand(false).hook('preSubcommand', defineLater))
  }

  function operationCommand(parent: Command, word: string, operation: Operation): Command {
    const made = parent.command(word).summary(operation.summary)
    made.addHelpText('after', () => exampleText(exampleOf(operation)))
    behind.set(made, operation)
    define.set(made, () => defineOperationCommand(made, operation, act))
    return made
  }

  function absent(parent: Command, word: string, words: string): void {
    const made = parent
      .command(word)
      .summary('not part of this version')
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .action(() => {
        throw new AppError('invalid_input', `airkeep ${words} is not part of this version`)
      })
    absentCommands.add(made)
  }

  function needs(made: Command, operationName: string): void {
    if (!operations.some(({ name }) => name === operationName)) markAbsent(made)
  }

  function markAbsent(made: Command): void {
    const summary = `${made.summary()} (not in this version)`
    made.summary(summary).description(summary)
    absentCommands.add(made)
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

const exampleText = (example: string): string => `\nExample:\n  ${example}`
