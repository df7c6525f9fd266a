import { CommanderError } from 'commander'
import { AppError, ERROR_KINDS, isAppError, toAppError, toProblem } from '../errors.ts'
import { withoutSecrets } from '../lib/log.ts'
import { toJson } from './context.ts'
import { BrokenPipe, type EndSignal, type Outside, SIGNALS } from './outside.ts'
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
  const exitCode = interruptedBy === undefined ? ERROR_KINDS[reported.code].exitCode : 128 + SIGNALS[interruptedBy]
  if (interruptedBy === undefined) {
    await outside.stderr.write(describeError(reported)).catch(() => {})
    if (outside.env.AIRKEEP_LOG === 'debug') await outside.stderr.write(stackOf(error)).catch(() => {})
  }
  if (json) await outside.stdout.write(toJson(toProblem(reported), outside.stdout.isTerminal)).catch(() => {})
  return exitCode
}

/** `error: detail`, the rejected fields, `hint: …` */
export function describeError(error: AppError): string {
  const lines = [`error: ${error.message}`]
  const fields = (error.errors ?? []).map(({ expected }) => expected)
  // A single rejected field is the message itself.
  for (const field of fields) if (field !== error.message) lines.push(`  ${field}`)
  for (const [name, id] of Object.entries(error.existing ?? {})) lines.push(`  existing ${name}: ${id}`)
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`)
  return printable(`${lines.join('\n')}\n`)
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
  const detail = first.replace(/^error: /, '')
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
