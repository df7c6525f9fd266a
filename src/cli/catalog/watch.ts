import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { toJson } from '../context.ts'
import { printableLine } from '../text-width.ts'
import { type CheckedPage, checkedPages, statusOf } from './check-answer.ts'
import { badgeOf, renderCheck } from './check-table.ts'
import { type CatalogTable, noteInTable } from './note-in-table.ts'

export interface Watch {
  check(): Promise<JsonObject>
  /** The table that is kept up to date. */
  readonly table: CatalogTable | undefined
  /** Between the end of a check and the next one. */
  readonly seconds: number
}

/** What of the command's context a watch needs. */
export type WatchContext = Pick<Context, 'signal' | 'note' | 'print'> & {
  readonly globals: Pick<Context['globals'], 'json'>
  readonly outside: { readonly stdout: Pick<Context['outside']['stdout'], 'write'> }
  readonly progress: Pick<Context['progress'], 'clear'>
}

/**
 * Looks again and again until it is interrupted: the whole table once, then a line for each page that has changed; with
 * `--json` the answer, one line each time that something has changed.
 * @returns the last answer: to be interrupted is how it ends
 */
export async function watchChecks(context: WatchContext, { check, table, seconds }: Watch): Promise<JsonObject> {
  let before: ReadonlyMap<string, string> | undefined
  let last: JsonObject | undefined
  for (;;) {
    const answer = await check().catch((error: unknown) => {
      if (context.signal.aborted) return undefined
      throw error
    })
    if (answer === undefined) {
      if (last !== undefined) return last
      throw context.signal.reason
    }
    last = answer
    const pages = checkedPages(answer)
    const changed = pages.filter((page) => before === undefined || before.get(page.name) !== stateOf(page))
    const gone = [...(before?.keys() ?? [])].filter((name) => !pages.some((page) => page.name === name))
    if (table !== undefined && (changed.length > 0 || before === undefined)) await noteInTable(context, table, answer)
    if (before === undefined || changed.length > 0 || gone.length > 0) {
      await show(context, answer, { changed, gone, isFirst: before === undefined })
    }
    before = new Map(pages.map((page) => [page.name, stateOf(page)]))
    const isOver = await sleep(seconds * 1000, false, { signal: context.signal }).catch((error: unknown) => {
      if (context.signal.aborted) return true
      throw error
    })
    if (isOver) return answer
  }
}

const stateOf = (page: CheckedPage): string => JSON.stringify([statusOf(page), page.result.files ?? []])

async function show(
  { globals, outside, progress, print }: WatchContext,
  answer: JsonObject,
  {
    changed,
    gone,
    isFirst,
  }: { readonly changed: readonly CheckedPage[]; readonly gone: readonly string[]; readonly isFirst: boolean },
): Promise<void> {
  if (globals.json) return outside.stdout.write(toJson(answer, false))
  if (isFirst) return print(answer, (columns) => renderCheck(answer, columns))
  progress.clear()
  const time = new Date().toISOString().slice(11, 19)
  const lines = [
    ...changed.map((page) => `${time}  ${badgeOf(page)}  ${printableLine(page.name)}`),
    ...gone.map((name) => `${time}  - removed  ${printableLine(name)}`),
  ]
  await outside.stdout.write(`${lines.join('\n')}\n`)
}
