import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { renderTable } from './table.ts'
import { printableLine } from './text-width.ts'
import { unaskedOf } from './unasked.ts'

/** One source of an import, and what came of it. */
export interface Imported {
  readonly label: string
  /** The job or the dry run; a problem document under `error` where there is neither. */
  readonly output: JsonObject
}

/** A model that several sources need, once. */
interface NeededModel {
  readonly type: string
  readonly name: string
  readonly reference: string
  readonly active: boolean
  sources: number
}

/** What many imports have in common, in the fields of the JSON answer. */
export interface ImportSummary {
  readonly sources: number
  /** Sources with a prompt or a workflow. */
  readonly read: number
  /** Whole files that hold none. */
  readonly nothing_found: number
  readonly failed: number
  /** How many sources of each format. */
  readonly formats: JsonObject
  /** Most needed first; switched-off ones that no source uses come last. */
  readonly models: readonly NeededModel[]
  readonly warnings: number
}

export function summarize(imported: readonly Imported[]): ImportSummary {
  const formats = new Map<string, number>()
  const models = new Map<string, NeededModel>()
  let nothingFound = 0
  let failed = 0
  let warnings = 0
  for (const { output } of imported) {
    const code = errorCode(output)
    if (code === 'not_found') nothingFound += 1
    else if (code !== undefined) failed += 1
    else count(formats, text(output.format) ?? 'unknown')
    warnings += Array.isArray(output.warnings) ? output.warnings.length : 0
    addModels(models, output)
  }
  return {
    sources: imported.length,
    read: imported.length - nothingFound - failed,
    nothing_found: nothingFound,
    failed,
    formats: Object.fromEntries([...formats].sort(([, a], [, b]) => b - a)),
    models: [...models.values()].sort((a, b) => Number(b.active) - Number(a.active) || b.sources - a.sources),
    warnings,
  }
}

/** Of a refused source, or of a job that failed. */
function errorCode({ error, error_code: code }: JsonObject): string | undefined {
  if (isJsonObject(error)) return text(error.code) ?? 'internal'
  return text(code)
}

function addModels(models: Map<string, NeededModel>, output: JsonObject): void {
  const seen = new Set<string>()
  const dependencies = Array.isArray(output.dependencies) ? output.dependencies.filter(isJsonObject) : []
  for (const dependency of dependencies) {
    const type = text(dependency.type) ?? 'other'
    const reference = text(dependency.reference) ?? ''
    const name = text(dependency.filename) ?? text(dependency.name) ?? reference
    const active = dependency.active !== false && dependency.status !== 'skipped'
    // One source names the file, another its hash as well: the name is what they share.
    const key = `${active} ${type} ${(text(dependency.name) ?? reference).toLowerCase()}`
    if (seen.has(key)) continue
    seen.add(key)
    const known = models.get(key)
    if (known === undefined) models.set(key, { type, name, reference, active, sources: 1 })
    else known.sources += 1
  }
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

/** Models shown of a long list; `--json` has them all. */
const MOST_SHOWN = 100
const MOST_FAILURES_SHOWN = 20

/** The summary for people: the models with how many sources need them, then the counts and what failed. */
export function renderSummary(
  imported: readonly Imported[],
  summary: ImportSummary,
  columns: number | undefined,
): string {
  const lines: string[] = []
  const needed = summary.models.filter(({ active }) => active)
  if (needed.length > 0) {
    const rows = needed.slice(0, MOST_SHOWN).map(({ type, name, sources }) => ({ type, name, sources }))
    lines.push(renderTable(rows, columns))
    if (needed.length > MOST_SHOWN) lines.push(`and ${needed.length - MOST_SHOWN} more: --json shows all`)
    lines.push('')
  }
  const failures = imported.filter(({ output }) => !['not_found', undefined].includes(errorCode(output)))
  for (const { label, output } of failures.slice(0, MOST_FAILURES_SHOWN))
    lines.push(printableLine(`failed: ${label}: ${whyOf(output)}`))
  if (failures.length > MOST_FAILURES_SHOWN)
    lines.push(`and ${failures.length - MOST_FAILURES_SHOWN} more failed: --json shows all`)
  const formats = Object.entries(summary.formats).map(([format, sources]) => `${format} ${String(sources)}`)
  const switchedOff = summary.models.length - needed.length
  lines.push(
    `${counted(summary.sources, 'file')}: ${summary.read} with a prompt${formats.length === 0 ? '' : ` (${formats.join(', ')})`}, ` +
      `${summary.nothing_found} without, ${summary.failed} failed`,
    `${counted(needed.length, 'model')} needed${switchedOff === 0 ? '' : `, ${switchedOff} switched off or built in`}${
      summary.warnings === 0 ? '' : `; ${counted(summary.warnings, 'warning')}`
    }`,
    ...unaskedOf(imported.map(({ output }) => output)).map(printableLine),
  )
  return lines.join('\n')
}

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

const whyOf = ({ error }: JsonObject): string => (isJsonObject(error) ? text(error.detail) : text(error)) ?? 'it failed'

const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
