import { type AssignmentPrefix, type Command, parse, type Redirection, type Statement, type SyntaxNode } from 'unbash'
import { programName, type ShellCommand, unwrap } from './shell-command.ts'
import { isKnown, literal, readWord, type ShellValue } from './shell-value.ts'

/** What commands leave behind for those after them. */
export interface ShellState {
  readonly variables: Map<string, ShellValue>
  folder: ShellValue | undefined
  /** Commands that may still be read. */
  left: number
}

export const newShellState = (left: number): ShellState => ({ variables: new Map(), folder: undefined, left })

const MOST_ROUNDS = 64
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

function readAll(nodes: readonly SyntaxNode[], state: ShellState, found: Found): void {
  for (const node of nodes) readNode(node, state, found, undefined)
}

function readNode(node: SyntaxNode, state: ShellState, found: Found, pipedTo: string | undefined): void {
  switch (node.type) {
    case 'Statement':
      return readNode(node.command, state, found, pipedTo)
    case 'AndOr':
    case 'CompoundList':
      return readAll(node.commands, state, found)
    case 'Pipeline':
      for (const [at, each] of node.commands.entries()) {
        const next = node.commands[at + 1]
        const reader = next?.type === 'Command' ? programName(next.name?.value ?? '') : next && 'compound'
        readNode(each, state, found, reader)
      }
      return
    case 'Redirected':
      return readNode(node.command, state, found, pipedTo)
    case 'Subshell':
      return readAside(node.body.commands, state, found)
    case 'BraceGroup':
      return readAll(node.body.commands, state, found)
    case 'If': {
      const branches = [node, ...node.elif].flatMap(({ clause, then }) => [clause, then])
      return readAll(node.else === undefined ? branches : [...branches, node.else], state, found)
    }
    case 'While':
      return readAll([node.clause, node.body], state, found)
    case 'Case':
      return readAll(
        node.items.map(({ body }) => body),
        state,
        found,
      )
    case 'For':
      for (const word of (node.wordlist ?? []).slice(0, MOST_ROUNDS)) {
        if (state.left <= 0) return
        state.variables.set(node.name.value, readWord(word, state.variables))
        readAll(node.body.commands, state, found)
      }
      return
    case 'Command':
      return readCommand(node, state, found, pipedTo)
    default:
      return
  }
}

/** In a shell of its own: what it changes ends with it. */
function readAside(commands: readonly Statement[], state: ShellState, found: Found): void {
  const inner = { ...state, variables: new Map(state.variables) }
  readAll(commands, inner, found)
  state.left = inner.left
}

function readCommand(command: Command, state: ShellState, found: Found, pipedTo: string | undefined): void {
  if (state.left <= 0) return
  state.left -= 1
  if (command.name === undefined) return assign(command.prefix, state)
  const words = [command.name, ...command.args].map((word): ShellValue => {
    if (word.type === 'Word') return readWord(word, state.variables)
    return word.value.type === 'Word' ? prefixed(`${word.name}=`, readWord(word.value, state.variables)) : literal(word.text)
  })
  const [first, ...args] = unwrap(words)
  const name = programName(first?.text ?? '')
  if (DECLARATIONS.test(name)) return assign(command.args.filter((word) => word.type === 'Assignment'), state)
  if (name === 'cd' || name === 'pushd') state.folder = toFolder(args, state.folder)
  else if (name === 'popd') state.folder = undefined
  const { folder } = state
  const { pos: start, end } = command
  found.push({ name, args, outputTo: outputOf(command.redirects, state), pipedTo, folder, start, end })
}

const prefixed = (before: string, value: ShellValue): ShellValue => ({ ...value, text: before + value.text })

function assign(assignments: readonly (AssignmentPrefix | Redirection)[], { variables }: ShellState): void {
  for (const each of assignments) {
    if (each.type !== 'Assignment' || each.value.type !== 'Word') continue
    variables.set(each.name, readWord(each.value, variables))
  }
}

/** `cd vae` goes on from where it is. */
function toFolder(args: readonly ShellValue[], before: ShellValue | undefined): ShellValue | undefined {
  const target = args.find(({ text }) => !/^-[LPe@]?$|^--$/.test(text))
  if (target === undefined) return args.length === 0 ? literal('~') : undefined
  const isRelative = isKnown(target) && /^[^\u0001/~]/.test(target.text)
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
