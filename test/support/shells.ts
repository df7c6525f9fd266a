import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp-dir.ts'

/** Asks a real shell what it offers for a command line; `script` is the completion script. */
export type Offers = (script: string, line: string, cwd: string) => readonly string[]

function run(argv: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  // Shells leave files of their own at home.
  using home = tempDir()
  const { stdout, stderr, exitCode } = Bun.spawnSync([...argv], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: home.path, LC_ALL: 'C', ...env },
    stdin: 'ignore',
    timeout: 20_000,
  })
  if (exitCode !== 0 || stderr.length > 0) throw new Error(`${argv[0]} ended with ${exitCode}: ${stderr}`)
  return stdout.toString()
}

const linesOf = (text: string): string[] => [...new Set(text.split('\n').filter((line) => line !== ''))].sort()

/** Words as readline hands them over: split at spaces and at `=`. */
const ASK_BASH = `
source "$1"
read -ra words <<<"\${2//=/ = }"
[[ $2 == *[\\ =] ]] && [[ $2 != *= ]] && words+=('')
COMP_WORDS=("\${words[@]}") COMP_CWORD=$((\${#words[@]} - 1))
_airkeep
printf '%s\\n' "\${COMPREPLY[@]}"
`

export const bashOffers: Offers = (script, line, cwd) =>
  withFile(script, (file) => linesOf(run(['bash', '--norc', '-c', ASK_BASH, 'bash', file, line], cwd)))

export const fishOffers: Offers = (script, line, cwd) =>
  withFile(script, (file) => {
    const ask = 'source $argv[1]; complete -C $argv[2]'
    const offered = run(['fish', '--no-config', '-c', ask, '--', file, line], cwd)
    return linesOf(offered.replaceAll(/\t.*$/gm, ''))
  })

/** Written into an interactive zsh: what would be shown goes to a file, then the shell ends. */
const IN_ZSH = `
PROMPT=
autoload -U compinit
compinit -u -D
source $SCRIPT
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
comppostfuncs=(exit)
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a __hits
  builtin compadd -A __hits "$@"
  (( $#__hits )) && print -rl -- "\${(@Q)__hits}" >>$OFFERS
  builtin compadd "$@"
}
print READY
`

const ASK_ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "source $INNER"
zpty -r -m z seen '*READY*'
zpty -w -n z "$LINE"$'\\t'
while zpty -r z seen; do :; done
`

export const zshOffers: Offers = (script, line, cwd) =>
  withFile(script, (file) =>
    withFile(IN_ZSH, (inner) =>
      withFile('', (offers) => {
        run(['zsh', '-f', '-c', ASK_ZSH], cwd, { SCRIPT: file, INNER: inner, OFFERS: offers, LINE: line })
        return linesOf(readFileSync(offers, 'utf8'))
      }),
    ),
  )

/** In a folder of its own, so that it is not offered itself. */
function withFile<T>(content: string, use: (path: string) => T): T {
  using folder = tempDir()
  const path = join(folder.path, 'file')
  writeFileSync(path, content)
  return use(path)
}
