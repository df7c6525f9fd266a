import type { JsonObject } from '../lib/json.ts'
import { nameOfDependency, stateOfDependency, textOf } from './dependency-state.ts'
import { printableLine } from './text-width.ts'
import { whatHelps } from './what-helps.ts'

const OPEN = new Set(['ambiguous', 'blocked', 'missing'])

/** Why it is not here, whole where a terminal may have cut it, and what helps. */
export function whyNot(dependency: JsonObject, isCut: boolean): string[] {
  if (!OPEN.has(stateOfDependency(dependency))) return []
  const name = nameOfDependency(dependency)
  const reason = textOf(dependency.reason)
  const help = whatHelps(dependency)
  if (help === undefined && (reason === undefined || !isCut)) return []
  const why = reason === undefined ? '' : `: ${reason}`
  const lines = [printableLine(`${textOf(dependency.status) ?? 'missing'}: ${name}${why}`)]
  if (help !== undefined) lines.push(printableLine(`  ${help}`))
  return lines
}
