import { quote } from '../example.ts'
import { allCommands, type CompletedCommand, type Values } from './model.ts'

/** Walks the words in front of the cursor: which command is it, and is a flag's value awaited? */
const WALK = `
_airkeep() {
  local cur=\${COMP_WORDS[COMP_CWORD]} flag= path= at word next
  COMPREPLY=()
  # COMP_WORDBREAKS splits --flag=value into three words.
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == -- ]]; then
      flag=--
      break
    elif [[ $word == '=' ]]; then
      [[ \${COMP_WORDS[at - 1]} == -* ]] && flag=\${COMP_WORDS[at - 1]}
    elif [[ -n $flag ]]; then
      flag=
    elif [[ $word == -* ]]; then
      case $(_airkeep_values "$path" "$word") in '' | optional*) ;; *) flag=$word ;; esac
    elif next=$(_airkeep_commands "$path") && [[ " $next " == *" $word "* ]]; then
      path="\${path:+$path }$word"
    fi
  done
  if [[ $cur == '=' && \${COMP_WORDS[COMP_CWORD - 1]} == -* ]]; then
    flag=\${COMP_WORDS[COMP_CWORD - 1]}
    cur=
  fi
  local before=
  if [[ -z $flag && $cur == --*=* ]]; then
    flag=\${cur%%=*} before=\${cur%%=*}= cur=\${cur#*=}
  fi
  if [[ -n $flag && $flag != -- ]]; then
    local values=$(_airkeep_values "$path" "$flag")
    _airkeep_offer "\${values#optional }" "$cur"
    COMPREPLY=("\${COMPREPLY[@]/#/$before}")
  elif [[ $flag != -- && $cur == -* ]]; then
    _airkeep_offer "words $(_airkeep_flags "$path")" "$cur"
  else
    local commands=$(_airkeep_commands "$path")
    if [[ -n $commands ]]; then
      _airkeep_offer "words $commands" "$cur"
    else
      _airkeep_offer "$(_airkeep_argument "$path")" "$cur"
    fi
  fi
}

_airkeep_offer() {
  case $1 in
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$2")
      ;;
    folder)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$2")
      ;;
    words\\ *) mapfile -t COMPREPLY < <(compgen -W "\${1#words }" -- "$2") ;;
  esac
}

complete -F _airkeep airkeep
`

/** Completion for bash 4 and later, without the package bash-completion. */
export function bashCompletion(program: CompletedCommand): string {
  const all = allCommands(program)
  const cases = (name: string, entries: readonly (readonly [pattern: string, text: string])[]): string =>
    [
      `${name} {`,
      `  case $1 in`,
      ...entries.map(([pattern, text]) => `    ${pattern}) echo ${quote(text)} ;;`),
      '  esac',
      '}',
    ].join('\n')
  const perCommand = (name: string, textOf: (command: CompletedCommand) => string): string =>
    cases(
      name,
      all.flatMap((command) => {
        const text = textOf(command)
        return text === '' ? [] : [[quotedPath(command), text] as const]
      }),
    )
  return [
    '# bash completion for airkeep; written by: airkeep completion bash',
    perCommand('_airkeep_commands()', ({ commands }) => commands.map(({ name }) => name).join(' ')),
    perCommand('_airkeep_flags()', ({ flags }) =>
      flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])).join(' '),
    ),
    perCommand('_airkeep_argument()', ({ argument }) => (argument === undefined ? '' : answerOf(argument, program))),
    valuesFunction(all, program),
    WALK.trim(),
    '',
  ].join('\n\n')
}

function valuesFunction(all: readonly CompletedCommand[], program: CompletedCommand): string {
  const lines = all.flatMap((command) => {
    const own = command.flags.flatMap(({ long, short, values, optional }) => {
      if (values === undefined) return []
      const answer = `${optional ? 'optional ' : ''}${answerOf(values, program)}`
      return [`        ${[long, ...(short === undefined ? [] : [short])].join(' | ')}) echo ${quote(answer)} ;;`]
    })
    return own.length === 0 ? [] : [`    ${quotedPath(command)})`, '      case $2 in', ...own, '      esac', '      ;;']
  })
  return ['_airkeep_values() {', '  case $1 in', ...lines, '  esac', '}'].join('\n')
}

function answerOf(values: Values, program: CompletedCommand): string {
  switch (values.kind) {
    case 'choice':
      return `words ${values.choices.join(' ')}`
    case 'command':
      return `words ${program.commands.map(({ name }) => name).join(' ')}`
    default:
      return values.kind
  }
}

const quotedPath = ({ path }: CompletedCommand): string => `'${path.join(' ')}'`
