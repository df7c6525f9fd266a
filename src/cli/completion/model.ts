import type { Argument, Command, Option } from 'commander'
import { choicesOf, type Field, fieldsOf } from '../fields.ts'
import type { Program } from '../program.ts'

/** What may stand where a value is awaited. */
export type Values =
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Names of the commands themselves. */
  | { readonly kind: 'command' }

export interface Flag {
  /** `--dry-run` */
  readonly long: string
  /** `-y` */
  readonly short?: string | undefined
  readonly description: string
  /** Undefined for a flag that stands alone. */
  readonly values?: Values | undefined
  /** The value may be left out; then it is written behind `=`. */
  readonly optional: boolean
}

/** A command as a shell needs to know it. */
export interface CompletedCommand {
  readonly name: string
  /** Words from the program's name on, without it: `['token', 'create']`. */
  readonly path: readonly string[]
  readonly summary: string
  readonly commands: readonly CompletedCommand[]
  readonly flags: readonly Flag[]
  /** What its arguments are; undefined where it takes none. */
  readonly argument?: Values | undefined
  readonly repeats: boolean
}

/** Own commands whose flags take the values of an operation's fields. */
const LIKE: Readonly<Record<string, string>> = { import: 'import-prompt' }

/** The whole program, every flag included; words that are kept for later versions are left out. */
export function toCompleted(program: Program): CompletedCommand {
  program.defineAll()
  return describe(program.command, [])

  function isAbsent(command: Command): boolean {
    return program.isAbsent(command) || (command.commands.length > 0 && command.commands.every(isAbsent))
  }

  function describe(command: Command, path: readonly string[]): CompletedCommand {
    const like = LIKE[path.join(' ')]
    const twin = like === undefined ? command : program.command.commands.find((each) => each.name() === like)
    const operation = program.operationOf(twin ?? command)
    const fields = new Map((operation === undefined ? [] : fieldsOf(operation)).map((field) => [field.flag, field]))
    const flags = command.options
      .filter(({ hidden }) => !hidden)
      .map((option) => toFlag(option, fields.get(option.long?.slice(2) ?? '')))
    const [argument] = command.registeredArguments
    return {
      name: command.name(),
      path,
      summary: oneLine(command.summary()),
      commands: command.commands
        .filter((each) => !isAbsent(each))
        .map((each) => describe(each, [...path, each.name()])),
      flags: [...flags, { long: '--help', short: '-h', description: 'this text', optional: false }],
      ...(argument === undefined ? {} : { argument: valuesOfArgument(argument) }),
      repeats: argument?.variadic === true,
    }
  }
}

function toFlag(option: Option, field: Field | undefined): Flag {
  const takesValue = option.required || option.optional
  return {
    long: option.long ?? '',
    ...(option.short === undefined ? {} : { short: option.short }),
    description: oneLine(option.description),
    ...(takesValue ? { values: valuesOf(option, field) } : {}),
    optional: option.optional,
  }
}

function valuesOf(option: Option, field: Field | undefined): Values {
  const choices = option.argChoices ?? (field === undefined ? [] : choicesOf(field.schema))
  if (choices.length > 0) return { kind: 'choice', choices }
  if (field?.kind === 'boolean') return { kind: 'choice', choices: ['true', 'false'] }
  return ofPlaceholder(/<(\w+)>/.exec(option.flags)?.[1] ?? '')
}

function valuesOfArgument(argument: Argument): Values {
  if (argument.argChoices !== undefined) return { kind: 'choice', choices: argument.argChoices }
  return argument.name() === 'command' ? { kind: 'command' } : ofPlaceholder(argument.name())
}

function ofPlaceholder(name: string): Values {
  if (name === 'dir') return { kind: 'folder' }
  return name === 'file' || name === 'path' || name === 'source' ? { kind: 'file' } : { kind: 'text' }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** Every command of the program, the program itself first. */
export const allCommands = (command: CompletedCommand): CompletedCommand[] => [
  command,
  ...command.commands.flatMap(allCommands),
]
