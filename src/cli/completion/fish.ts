import { allCommands, type CompletedCommand, type Flag, type Values } from './model.ts'

/** Which command stands in front of the cursor: only flags of every command may stand between its words. */
const WALK = `
function __airkeep_at --description 'Whether the command in front of the cursor is the given one'
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word --data --config --server
            set skip 1
        else if not string match -q -- '-*' $word
            if contains -- (string join ' ' $path $word) $__airkeep_commands
                set -a path $word
            else
                break
            end
        end
    end
    set -l here (string join ' ' -- $path)
    test "$here" = "$argv[1]"
end

complete -c airkeep -f
`

/** A script for `~/.config/fish/completions/airkeep.fish`; it may also be sourced. */
export function fishCompletion(program: CompletedCommand): string {
  const commands = allCommands(program)
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')))
  return [
    '# fish completion for airkeep; written by: airkeep completion fish',
    `set -g __airkeep_commands ${paths.join(' ')}`,
    WALK.trim(),
    ...commands.map((command) => linesOf(command, program).join('\n')),
    '',
  ].join('\n\n')
}

function linesOf({ path, commands, flags, argument }: CompletedCommand, program: CompletedCommand): string[] {
  const base = `complete -c airkeep -n ${quoted(`__airkeep_at ${quoted(path.join(' '))}`)}`
  const below = commands.map(({ name, summary }) => `${base} -a ${quoted(name)} -d ${quoted(summary)}`)
  const own = argument === undefined ? [] : [`${base} ${valueArgs(argument, program)}`]
  return [...below, ...own, ...flags.map((flag) => `${base} ${flagArgs(flag, program)}`)]
}

function flagArgs({ long, short, description, values, optional }: Flag, program: CompletedCommand): string {
  const names = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])]
  // A value that may be left out stands behind `=` only: fish offers it there without being told that one must come.
  const value = values === undefined ? '' : ` ${optional ? '' : '-r '}${valueArgs(values, program)}`
  return `${names.join(' ')} -d ${quoted(description)}${value}`
}

function valueArgs(values: Values, program: CompletedCommand): string {
  switch (values.kind) {
    case 'choice':
      return `-f -a ${quoted(values.choices.join(' '))}`
    case 'command':
      return `-f -a ${quoted(program.commands.map(({ name }) => name).join(' '))}`
    case 'file':
      return '-F'
    case 'folder':
      return "-f -a '(__fish_complete_directories)'"
    case 'text':
      return '-f'
  }
}

/** As fish reads it back: in single quotes only the quote and the backslash mean something. */
const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
