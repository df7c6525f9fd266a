import { resolve } from 'node:path'
import { AppError, ERROR_KINDS, type ErrorCode } from '../../errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Operation } from '../../operation/operation.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { findOperation } from '../find-operation.ts'
import { PARTIAL_EXIT } from '../job.ts'
import { describeProgress } from '../operation-command.ts'
import { type Session, withSession } from '../session.ts'
import { isComplete, mergeAnswers } from './check-answer.ts'
import { renderCheck } from './check-table.ts'
import { noteInTable } from './note-in-table.ts'
import { textsOf } from './page-row.ts'
import { readPaths } from './pages.ts'
import { watchChecks } from './watch.ts'

export interface CheckOptions {
  readonly uiHome?: string
  readonly ssh?: string
  readonly node?: string
  readonly csv?: string
  readonly watch?: true
  readonly interval?: string
  readonly acceptHostKey?: string | true
}

/** `airkeep catalog check`: which files of catalog pages are on a host. */
export async function checkCatalog(context: Context, paths: readonly string[], options: CheckOptions): Promise<number> {
  const { outside } = context
  if (options.ssh !== undefined && options.node !== undefined) {
    throw new AppError('invalid_input', 'Give --ssh or --node, not both', { hint: 'A check looks at one host' })
  }
  const app = await context.app()
  const typed = { cwd: outside.cwd, paths, catalogs: app.config.settings.catalog }
  const table = options.csv === undefined ? undefined : { path: resolve(outside.cwd, options.csv), typed }
  const operation = findOperation(app, 'check_downloads', 'airkeep catalog check')
  return withSession(context, app, async (session) => {
    const check = () => checkOnce(context, session, { operation, paths, host: hostOf(options, outside.cwd) })
    if (options.watch === true) {
      return checkExitCode(await watchChecks(context, { check, table, seconds: secondsOf(options) }))
    }
    const answer = await check()
    if (table !== undefined) await noteInTable(context, table, answer)
    await context.print(answer, (columns) => renderCheck(answer, columns))
    return checkExitCode(answer)
  })
}

interface Check {
  readonly operation: Operation
  readonly paths: readonly string[]
  readonly host: Readonly<Record<string, unknown>>
}

async function checkOnce(context: Context, session: Session, { operation, paths, host }: Check): Promise<JsonObject> {
  const { signal, progress, outside } = context
  // Pages come and go while somebody watches.
  const calls = await readPaths(paths, { cwd: outside.cwd, sharesDisk: session.where.kind !== 'server', signal })
  const answers = []
  for (const { input, nameOf, notes = [] } of calls) {
    const { output } = await session.invoke(
      operation,
      { ...input, ...host },
      { signal, progress: (state) => progress.show(describeProgress(state)) },
    )
    answers.push({ output: { ...output, notes: [...notes, ...textsOf(output.notes)] }, nameOf })
  }
  return mergeAnswers(answers)
}

/** `user@host` is a line without its first word. */
export const toSshLine = (typed: string): string => (/^\s*ssh\s/.test(typed) ? typed : `ssh ${typed}`)

/** The fields of the call that say which host is looked at. */
function hostOf({ ssh, node, uiHome, acceptHostKey }: CheckOptions, cwd: string): Record<string, unknown> {
  const isHere = ssh === undefined && node === undefined
  return {
    ...(ssh === undefined ? {} : { ssh_host: toSshLine(ssh) }),
    ...(node === undefined ? {} : { node }),
    ...(uiHome === undefined ? {} : { ui_home: isHere ? resolve(cwd, uiHome) : uiHome }),
    ...(acceptHostKey === undefined ? {} : { accept_host_key: acceptHostKey }),
  }
}

const SHORTEST_S = 1
const USUAL_S = { here: 10, elsewhere: 60 }

function secondsOf({ interval, ssh, node }: CheckOptions): number {
  if (interval === undefined) return ssh === undefined && node === undefined ? USUAL_S.here : USUAL_S.elsewhere
  const seconds = Number(interval)
  if (Number.isFinite(seconds) && seconds >= SHORTEST_S && seconds <= 86_400) return seconds
  throw new AppError('invalid_input', '--interval must be seconds, from 1 to 86400')
}

/** 0 where every file is there, 10 where not, else by what kept it from looking. */
export function checkExitCode(answer: JsonObject): number {
  const code = textOf(answer.error_code)
  if (answer.success !== true && code !== undefined && Object.hasOwn(ERROR_KINDS, code)) {
    return ERROR_KINDS[code as ErrorCode].exitCode
  }
  return isComplete(answer) ? 0 : PARTIAL_EXIT
}
