import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { dependenciesOf, nameOfDependency, sizeOfDependency, sourceOfDependency, textOf } from './dependency-state.ts'
import { amountOf, planOf } from './import-plan.ts'
import { formatBytes } from './progress.ts'
import { renderTable } from './table.ts'
import { printable, printableLine } from './text-width.ts'
import { whyNot } from './why-not.ts'

/** An import job, or a dry run, for people: what it needs, whether that is here, and where or why not. */
export function renderImport(label: string, output: JsonObject, columns: number | undefined): string {
  const dependencies = dependenciesOf(output)
  const head = [
    label,
    typeof output.job_id === 'string' ? output.job_id : undefined,
    textOf(output.format),
    textOf(output.status)?.replaceAll('_', ' '),
  ].filter((part) => part !== undefined && part !== '')
  const lines = [printableLine(head.join('  '))]
  if (typeof output.error === 'string') lines.push(printable(output.error))
  if (dependencies.length > 0) lines.push(renderTable(dependencies.map(toRow), columns))
  else if (Array.isArray(output.dependencies) && output.status !== 'failed') lines.push('It names no models')
  const plan = planOf([output])
  if (plan.files > 0) lines.push(`${amountOf(plan)} to fetch`)
  lines.push(...dependencies.flatMap((dependency) => whyNot(dependency, columns !== undefined)))
  for (const warning of Array.isArray(output.warnings) ? output.warnings.filter(isJsonObject) : []) {
    lines.push(printable(`warning: ${String(warning.place)}: ${String(warning.reason)}`))
  }
  if (isJsonObject(output.tracked)) {
    for (const [name, id] of Object.entries(output.tracked)) lines.push(printable(`${name} ${String(id)}`))
  }
  return lines.join('\n')
}

function toRow(dependency: JsonObject): JsonObject {
  const size = sizeOfDependency(dependency)
  const source = sourceOfDependency(dependency)
  return {
    type: textOf(dependency.type) ?? '',
    name: nameOfDependency(dependency),
    status: statusOf(dependency),
    size: size === 0 ? '' : formatBytes(size),
    // What was here all along came from nowhere.
    source: source === 'local' ? '' : source,
    where: whereOrWhy(dependency),
  }
}

function statusOf(dependency: JsonObject): string {
  const status = (textOf(dependency.status) ?? '').replaceAll('_', ' ')
  return dependency.optional === true ? `${status} (optional)` : status
}

function whereOrWhy(dependency: JsonObject): string {
  const found = textOf(dependency.resolved_path)
  if (found !== undefined) return found
  const reason = textOf(dependency.reason)
  if (reason !== undefined) return reason
  const { candidates } = dependency
  return Array.isArray(candidates) && candidates.length > 0 ? `${candidates.length} candidates` : ''
}
