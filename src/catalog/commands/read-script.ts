import { type Command, type CommandArgument, parse, type Redirection, type Statement, type SyntaxNode } from 'unbash'
import { MASK, withoutSecrets } from '../secrets.ts'
import { programName, type ShellCommand, unwrap } from './shell-command.ts'
import { isKnown, literal, readWord, type ShellValue, UI_HOME, UNKNOWN, type Variables } from './shell-value.ts'

/** What commands leave behind for those after them. */
export interface ShellState {
  readonly variables: Map<string, ShellValue>
  folder: ShellValue | undefined
  /** Commands that may still be read. */
  left: number
}

export const newShellState = (left: number): ShellState => ({ variables: new Map(), folder: undefined, left })

const MOST_ROUNDS = 64
const SECRET: ShellValue = { text: UNKNOWN, reason: 'it holds a secret', hasGlob: false }
const DECLARATIONS = /^(?:export|declare|local|readonly|typeset)$/
/** Prompts that were copied along. */
const PROMPT = /^([ \t]*)(\$|❯|%|[\w.-]{1,40}@[\w.-]{1,60}:[^\s$#]{0,200}[$#])(?=[ \t])/gm
/** In front of blanks a backslash does not continue the line, whatever its author thought. */
const BROKEN_CONTINUATION = /\\([ \t]+)$/gm

/** `code` as a shell reads it, with each character where it was. */
export const cleanScript = (code: string): string =>
  code
    .replace(PROMPT, (_, blanks: string, prompt: string) => blanks + ' '.repeat(prompt.length))
    .replace(BROKEN_CONTINUATION, (_, blanks: string) => `${blanks}\\`)

/**
 * The simple commands of a script in order, those in loops once a round. Commands that depend on others count as run.
 * @returns undefined for what is no script
 */
export function readScript(code: string, state: ShellState): ShellCommand[] | undefined {
  try {
    const found: ShellCommand[] = []
    for (const statement of parse(code).commands) readNode(statement, state, found, undefined)
    return found
  } catch {
    // Endless nesting.
    return undefined
  }
}

type Found = ShellCommand[]

function readNode(node: SyntaxNode, state: ShellState, found: Found, pipedTo: string | undefined): void {
  if (node.type === 'Statement' || node.type === 'Redirected') readNode(node.command, state, found, pipedTo)
  else if (node.type === 'Command') readCommand(node, state, found, pipedTo)
  else if (node.type === 'Pipeline') {
    for (const [at, each] of node.commands.entries()) {
      const next = node.commands[at + 1]
      readNode(each, state, found, next?.type === 'Command' ? programName(next.name?.value ?? '') : next?.type)
    }
  } else if (node.type === 'Subshell') readAside(node.body.commands, state, found)
  else if (node.type === 'For') {
    for (const word of (node.wordlist ?? []).slice(0, MOST_ROUNDS)) {
      // A round may hold no command: it costs all the same.
      if (state.left <= 0) return
      state.left -= 1
      state.variables.set(node.name.value, readWord(word, state.variables))
      readNode(node.body, state, found, undefined)
    }
  } else for (const each of innerOf(node)) readNode(each, state, found, undefined)
}

/** What runs as a part of a compound command, whichever way its conditions go. */
function innerOf(node: SyntaxNode): readonly SyntaxNode[] {
  switch (node.type) {
    case 'AndOr':
    case 'CompoundList':
      return node.commands
    case 'BraceGroup':
      return [node.body]
    case 'If':
    case 'Elif':
      return [node.clause, node.then, ...(node.type === 'If' ? [...node.elif, node.else ?? []].flat() : [])]
    case 'While':
      return [node.clause, node.body]
    case 'Case':
      return node.items.map(({ body }) => body)
    default:
      return []
  }
}

/** In a shell of its own: what it changes ends with it. */
function readAside(commands: readonly Statement[], state: ShellState, found: Found): void {
  const inner = { ...state, variables: new Map(state.variables) }
  for (const command of commands) readNode(command, inner, found, undefined)
  state.left = inner.left
}

function readCommand(command: Command, state: ShellState, found: Found, pipedTo: string | undefined): void {
  if (state.left <= 0) return
  state.left -= 1
  if (command.name === undefined) {
    assign(command.prefix, state)
    return
  }
  const [first, ...args] = unwrap([command.name, ...command.args].map((word) => readArgument(word, state.variables)))
  const name = programName(first?.text ?? '')
  if (DECLARATIONS.test(name)) {
    assign(command.args, state)
    return
  }
  if (name === 'cd' || name === 'pushd') state.folder = toFolder(args, state.folder)
  else if (name === 'popd') state.folder = undefined
  const { folder } = state
  const { pos: start, end } = command
  found.push({ name, args, outputTo: outputOf(command.redirects, state), pipedTo, folder, start, end })
}

function readArgument(word: CommandArgument, variables: Variables): ShellValue {
  if (word.type === 'Word') return readWord(word, variables)
  return word.value.type === 'Word' ? prefixed(`${word.name}=`, readWord(word.value, variables)) : literal(word.text)
}

const prefixed = (before: string, value: ShellValue): ShellValue => ({ ...value, text: before + value.text })

function assign(assignments: readonly (CommandArgument | Redirection)[], { variables }: ShellState): void {
  for (const each of assignments) {
    if (each.type !== 'Assignment' || each.value.type !== 'Word') continue
    const value = readWord(each.value, variables)
    variables.set(each.name, isSecret(each.name, value) ? SECRET : value)
  }
}

/** What is kept from sight where it stands is not shown where it is used; a page may come with it masked already. */
function isSecret(name: string, { text }: ShellValue): boolean {
  const assignment = `${name}=${text}`
  return text.includes(MASK) || withoutSecrets(assignment) !== assignment
}

/** `cd vae` goes on from where it is. */
function toFolder(args: readonly ShellValue[], before: ShellValue | undefined): ShellValue | undefined {
  const target = args.find(({ text }) => !/^-[LPe@]?$|^--$/.test(text))
  if (target === undefined) return args.length === 0 ? literal('~') : undefined
  const isRelative = isKnown(target) && !/^[/~]/.test(target.text) && !target.text.startsWith(UI_HOME)
  return isRelative && before !== undefined ? prefixed(`${before.text}/`, target) : target
}

function outputOf(redirects: readonly Redirection[], { variables }: ShellState): ShellValue | undefined {
  for (const each of redirects) {
    if (each.type !== 'Redirect' || each.target === undefined || !/^(?:>|>>|>\||&>|&>>)$/.test(each.operator)) continue
    const { descriptor } = each
    if (descriptor === undefined || (descriptor.type === 'FileDescriptor' && descriptor.value === 1)) {
      return readWord(each.target, variables)
    }
  }
  return undefined
}
