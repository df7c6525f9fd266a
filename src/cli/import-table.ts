import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { formatBytes } from './progress.ts'
import { renderTable } from './table.ts'
import { printable, printableLine } from './text-width.ts'

/** An import job, or a dry run, for people: what it needs, whether that is here, and where or why not. */
export function renderImport(label: string, output: JsonObject, columns: number | undefined): string {
  const dependencies = Array.isArray(output.dependencies) ? output.dependencies.filter(isJsonObject) : []
  const head = [
    label,
    typeof output.job_id === 'string' ? output.job_id : undefined,
    text(output.format),
    text(output.status)?.replaceAll('_', ' '),
  ].filter((part) => part !== undefined)
  const lines = [printableLine(head.join('  '))]
  if (typeof output.error === 'string') lines.push(printable(output.error))
  if (dependencies.length > 0) lines.push(renderTable(dependencies.map(toRow), columns))
  else if (Array.isArray(output.dependencies) && output.status !== 'failed') lines.push('It names no models')
  const missing = dependencies.reduce((sum, each) => sum + toFetch(each), 0)
  if (missing > 0) lines.push(`${formatBytes(missing)} to fetch`)
  for (const warning of Array.isArray(output.warnings) ? output.warnings.filter(isJsonObject) : []) {
    lines.push(printable(`warning: ${String(warning.place)}: ${String(warning.reason)}`))
  }
  if (isJsonObject(output.tracked)) {
    for (const [name, id] of Object.entries(output.tracked)) lines.push(printable(`${name} ${String(id)}`))
  }
  return lines.join('\n')
}

const toRow = (dependency: JsonObject): JsonObject => ({
  type: text(dependency.type) ?? '',
  name: text(dependency.filename) ?? text(dependency.name) ?? text(dependency.reference) ?? '',
  status: `${(text(dependency.status) ?? '').replaceAll('_', ' ')}${dependency.optional === true ? ' (optional)' : ''}`,
  where: whereOrWhy(dependency),
})

function whereOrWhy(dependency: JsonObject): string {
  const found = text(dependency.resolved_path) ?? text(dependency.resolved_node)
  if (found !== undefined) return found
  const reason = text(dependency.reason)
  if (reason !== undefined) return reason
  const { candidates } = dependency
  return Array.isArray(candidates) && candidates.length > 0 ? `${candidates.length} candidates` : ''
}

function toFetch({ status, bytes_total: total }: JsonObject): number {
  return typeof total === 'number' && status !== 'resolved' && status !== 'skipped' ? total : 0
}

const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
