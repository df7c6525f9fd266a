import { quote } from '../example.ts'
import { allCommands, type CompletedCommand, type Flag, type Values } from './model.ts'

/** A script for a folder of `fpath`, under the name `_airkeep`; it may also be sourced. */
export function zshCompletion(program: CompletedCommand): string {
  const commands = allCommands(program)
  return [
    '#compdef airkeep',
    '# zsh completion for airkeep; written by: airkeep completion zsh',
    ...commands.map((command) => functionOf(command, program)),
    [
      '# As a file of fpath it is the function itself; sourced it is one that compdef has to know.',
      'if [[ $funcstack[1] == _airkeep ]]; then',
      '  _airkeep "$@"',
      'else',
      '  compdef _airkeep airkeep',
      'fi',
    ].join('\n'),
    '',
  ].join('\n\n')
}

const nameOf = ({ path }: CompletedCommand): string => ['_airkeep', ...path].join('__')

function functionOf(command: CompletedCommand, program: CompletedCommand): string {
  const { flags, argument, repeats, commands } = command
  const specs = flags.flatMap(flagSpecs)
  if (commands.length === 0) {
    if (argument !== undefined)
      specs.push(`${repeats ? '*' : '1'}:${messageOf(argument)}:${actionOf(argument, program)}`)
    return [`${nameOf(command)}() {`, `  _arguments -S ${lines(specs)}`, '}'].join('\n')
  }
  const described = commands.map(({ name, summary }) => `${name}:${summary}`)
  return [
    `${nameOf(command)}() {`,
    '  local curcontext="$curcontext" state line',
    '  local -A opt_args',
    `  local -a commands=(${lines(described)})`,
    `  _arguments -S -C ${lines([...specs, '1: :->command', '*:: :->rest'])}`,
    '  case $state in',
    "    command) _describe -t commands 'airkeep command' commands ;;",
    '    rest)',
    '      case $words[1] in',
    ...commands.map((each) => `        ${each.name}) ${nameOf(each)} ;;`),
    '      esac',
    '      ;;',
    '  esac',
    '}',
  ].join('\n')
}

const lines = (specs: readonly string[]): string => specs.map((spec) => `\\\n    ${quote(spec)}`).join(' ')

/** `--flag=[what it means]:message:action`; behind `=-` the value stands in the same word. */
function flagSpecs({ long, short, description, values, optional }: Flag): string[] {
  const meaning = `[${description.replaceAll(/[[\]\\:]/g, '\\$&')}]`
  if (values === undefined) return [long, ...(short === undefined ? [] : [short])].map((name) => name + meaning)
  const value = `:${messageOf(values)}:${actionOf(values)}`
  return [optional ? `*${long}=-${meaning}:${value}` : `*${long}=${meaning}${value}`]
}

const MESSAGES: Readonly<Record<Values['kind'], string>> = {
  text: 'value',
  file: 'file',
  folder: 'folder',
  choice: 'value',
  command: 'command',
}

const messageOf = ({ kind }: Values): string => MESSAGES[kind]

function actionOf(values: Values, program?: CompletedCommand): string {
  switch (values.kind) {
    case 'choice':
      return `(${values.choices.join(' ')})`
    case 'command':
      return `(${program?.commands.map(({ name }) => name).join(' ') ?? ''})`
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    case 'text':
      return ' '
  }
}
