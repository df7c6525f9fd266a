import { CommanderError } from 'commander'
import { AppError, ERROR_KINDS, isAppError, toAppError, toProblem } from '../errors.ts'
import { withoutSecrets } from '../lib/log.ts'
import { toJson } from './context.ts'
import { BrokenPipe, type EndSignal, type Outside } from './outside.ts'
import { printable } from './text-width.ts'

/** What a program gets that a SIGPIPE ends. */
const BROKEN_PIPE_EXIT = 141

export interface ReportDeps {
  readonly outside: Outside
  readonly json: boolean
  /** The signal that the person sent, if one did: then there is nothing to explain. */
  readonly interruptedBy: EndSignal | undefined
}

/** Writes what went wrong for people and programs; answers the exit code. */
export async function reportError(error: unknown, deps: ReportDeps): Promise<number> {
  const { outside, json, interruptedBy } = deps
  if (error instanceof BrokenPipe) return BROKEN_PIPE_EXIT
  const reported = interruptedBy === undefined ? toReported(error) : new AppError('cancelled', 'Interrupted')
  if (interruptedBy === undefined) await tellError(error, outside)
  if (json) await outside.stdout.write(toJson(toProblem(reported), outside.stdout.isTerminal)).catch(() => {})
  return ERROR_KINDS[reported.code].exitCode
}

/** Writes what went wrong for people; never throws. */
export async function tellError(error: unknown, { stderr, env }: Pick<Outside, 'stderr' | 'env'>): Promise<void> {
  await stderr.write(describeError(toReported(error))).catch(() => {})
  if (env.AIRKEEP_LOG === 'debug') await stderr.write(stackOf(error)).catch(() => {})
}

/** `error: detail`, the rejected fields, `hint: …`; each sentence once, though a program gets it in several places. */
export function describeError({ message, errors = [], existing = {}, hint }: AppError): string {
  const lines = [`error: ${message}`]
  const shownHint = hint === undefined || says(message, hint) ? [] : [hint]
  const said = [message, ...shownHint]
  for (const { expected } of errors) {
    if (said.some((sentence) => says(sentence, expected))) continue
    lines.push(`  ${expected}`)
    said.push(expected)
  }
  for (const [name, id] of Object.entries(existing)) lines.push(`  existing ${name}: ${id}`)
  lines.push(...shownHint.map((text) => `hint: ${text}`))
  return printable(`${lines.join('\n')}\n`)
}

/** Whether `sentence` is `part`, or begins with its words. */
function says(sentence: string, part: string): boolean {
  return sentence.toLowerCase().startsWith(part.toLowerCase()) && !/^\w/.test(sentence.slice(part.length))
}

export function toReported(error: unknown): AppError {
  if (error instanceof CommanderError) return fromCommander(error)
  const known = toAppError(error)
  if (isAppError(error) || known.code !== 'internal') return known
  return new AppError('internal', known.message, { hint: 'AIRKEEP_LOG=debug shows the cause', cause: error })
}

/** `error: unknown option '--promt'\n(Did you mean --prompt?)` */
function fromCommander(error: CommanderError): AppError {
  const [first = '', ...rest] = error.message.split('\n')
  const hint = rest.join(' ').replace(/^\(|\)$/g, '')
  // What was typed behind it may be a secret.
  const detail = first.replace(/^error: /, '').replace(/^(unknown option '[^=']+)=.*$/s, "$1'")
  if (error.code === 'commander.help') {
    return new AppError('invalid_input', 'A command is missing', { hint: 'Add --help to see which there are' })
  }
  if (error.code === 'commander.unknownCommand' && hint === '') {
    return new AppError('invalid_input', `There is no ${detail.replace(/^unknown /, '')}`, {
      hint: 'airkeep help lists the commands',
      cause: error,
    })
  }
  return new AppError('invalid_input', detail.charAt(0).toUpperCase() + detail.slice(1), {
    hint: hint === '' ? 'Add --help to the command to see what it takes' : hint,
    cause: error,
  })
}

const stackOf = (error: unknown): string =>
  `${withoutSecrets(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`
