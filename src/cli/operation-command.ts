import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { CliInstead, Operation, Progress } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { fieldsOf } from './fields.ts'
import { findOperation } from './find-operation.ts'
import { addFieldOptions, type TypedFields, toInput, typedFields } from './flags.ts'
import { addGlobalOptions, globalsOf } from './globals.ts'
import { followJob, noteQueued, startedJobs } from './job.ts'
import { printEnded, renderStarted } from './job-result.ts'
import { absolutePaths, toAbsolute } from './local-paths.ts'
import type { Act } from './program.ts'
import { formatBytes, progressBar } from './progress.ts'
import { readText } from './remote.ts'
import { addSecretOptions, readSecrets, refuseSecrets, secretNote } from './secrets.ts'
import { withSession } from './session.ts'

/** Gives `command` the flags of its operation, and what it does. */
export function defineOperationCommand(command: Command, operation: Operation, act: Act): void {
  const fields = fieldsOf(operation).filter(({ name }) => !operation.secrets.includes(name))
  const hasOwn = (name: string): boolean => fields.some(({ flag }) => flag === name)
  command.description(`${operation.description}${secretNote(operation)}`).optionsGroup('Fields:')
  addFieldOptions(command, fields)
  command.optionsGroup('Options:')
  if (!hasOwn('input')) command.option('--input <file>', 'fields as a JSON object from a file, or from stdin with -')
  if (!hasOwn('wait') && startsJobs(operation)) command.option('--no-wait', 'start the job and do not follow it')
  addSecretOptions(command, operation)
  const { instead } = operation
  if (instead !== undefined) command.option(`--${instead.flag}`, instead.summary)
  addGlobalOptions(command)
  command.action((options: { wait?: unknown; input?: unknown; [flag: string]: unknown }) =>
    act(globalsOf(command), (context) => {
      refuseSecrets(command, operation)
      const typed = typedFields(command, fields)
      const inputFile = !hasOwn('input') && typeof options.input === 'string' ? options.input : undefined
      if (instead !== undefined && options[instead.flag] === true) {
        ensureAlone(instead, typed, inputFile)
        return runInstead(context, instead.operation)
      }
      const own = [...typed].find(([{ name }]) => name === 'wait')?.[1]
      const wait = hasOwn('wait') ? own !== false : options.wait !== false
      return runOperation(context, operation, { typed, inputFile, wait })
    }),
  )
}

/** It would do more than what was asked for. @throws AppError invalid_input */
function ensureAlone({ flag, beside }: CliInstead, typed: TypedFields, inputFile: string | undefined): void {
  const [only, ...others] = [...typed]
  const isAlone = only?.[0].name === beside && only[1] === true && others.length === 0 && inputFile === undefined
  if (isAlone) return
  throw new AppError('invalid_input', `--${flag} goes with --${beside} and with nothing else`)
}

/** A flag that asks for another operation, which has no fields. */
async function runInstead(context: Context, name: string): Promise<number> {
  const app = await context.app()
  return runOperation(context, findOperation(app, name, `airkeep ${name.replaceAll('_', '-')}`), {
    typed: new Map(),
    inputFile: undefined,
    wait: true,
  })
}

const startsJobs = (operation: Operation): boolean => operation.http.statuses.includes(202)

interface Typed {
  readonly typed: TypedFields
  readonly inputFile: string | undefined
  readonly wait: boolean
}

async function runOperation(context: Context, parsed: Operation, { typed, inputFile, wait }: Typed) {
  const { outside, signal, progress } = context
  const read = createTextReader(context)
  const base = inputFile === undefined ? {} : parseInputFile(await read(inputFile))
  const typedInput = await toInput(typed, read)
  const secrets = await readSecrets(context, parsed, base)
  const input = absolutePaths({ ...base, ...typedInput, ...secrets }, pathFields(parsed), outside.cwd)
  const file = fileOf(typed, outside.cwd)

  // Not the one that argv was parsed with, which may belong to another configuration.
  const app = await context.app()
  const operation = findOperation(app, parsed.name, `airkeep ${parsed.words.join(' ')}`)
  return withSession(context, app, async (session) => {
    const call = { signal, progress: (state: Progress) => progress.show(describeProgress(state)), file }
    const answer = await session.invoke(operation, input, call)
    const jobs = startedJobs(answer)
    if (!wait || jobs.length === 0) {
      await context.print(answer.output, (columns) => renderStarted(operation, answer.output, columns))
      if (jobs.length > 0 && session.where.kind === 'own') await noteQueued(context)
      return 0
    }
    const ended: JsonObject[] = []
    for (const job of jobs) ended.push(await followJob(context, session, job))
    return printEnded(context, answer.output, ended, input)
  })
}

/** Aliases stand for their fields. */
export const pathFields = ({ paths, aliases }: Operation): string[] => [
  ...paths,
  ...Object.keys(aliases).filter((alias) => paths.includes(aliases[alias] ?? '')),
]

function fileOf(typed: TypedFields, cwd: string): string | undefined {
  for (const [{ kind }, value] of typed) {
    if (kind === 'file' && Array.isArray(value)) return toAbsolute(String(value.at(-1)), cwd)
  }
  return undefined
}

function parseInputFile(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch {
    // Said below.
  }
  throw new AppError('invalid_input', '--input must be a JSON object')
}

/** Reads `-` from stdin, anything else as a file of the current folder. */
function createTextReader({ outside, stdin }: Context): (source: string) => Promise<string> {
  return async (source) => {
    if (source === '-') return readText(stdin())
    try {
      return await readFile(resolve(outside.cwd, source), 'utf8')
    } catch (cause) {
      throw new AppError('not_found', `Cannot read ${source}`, { cause })
    }
  }
}

export function describeProgress({ done, total, unit, message }: Progress): string {
  const amount = (value: number): string => (unit === 'bytes' ? formatBytes(value) : String(value))
  const bar = total === undefined ? amount(done) : `${progressBar(done, total)} ${amount(done)} of ${amount(total)}`
  return message === undefined ? bar : `${bar} ${message}`
}
