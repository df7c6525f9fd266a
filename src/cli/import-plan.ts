import { isJsonObject, type JsonObject } from '../lib/json.ts'
import {
  dependenciesOf,
  identityOf,
  nameOfDependency,
  sizeOfDependency,
  sourceOfDependency,
  stateOfDependency,
  textOf,
} from './dependency-state.ts'
import { formatBytes } from './progress.ts'
import { renderTable } from './table.ts'
import { printableLine } from './text-width.ts'
import { whyNot } from './why-not.ts'

/** What imports need that is not here, each model once. */
export interface ImportPlan {
  /** To be fetched first, in the order of the imports. */
  readonly models: readonly PlannedModel[]
  readonly files: number
  /** As far as it is known. */
  readonly bytes: number
  /** Files of which nobody says how large they are. */
  readonly unsized: number
  /** On the disk that they go to; undefined where the host does not say. */
  readonly freeBytes: number | undefined
}

export interface PlannedModel {
  readonly dependency: JsonObject
  readonly isFetched: boolean
  /** Imports that need it. */
  sources: number
}

export function planOf(jobs: readonly JsonObject[]): ImportPlan {
  const models = new Map<string, PlannedModel>()
  for (const job of jobs) {
    for (const dependency of dependenciesOf(job)) {
      const state = stateOfDependency(dependency)
      if (state === 'here') continue
      const key = identityOf(dependency)
      const known = models.get(key)
      if (known === undefined) models.set(key, { dependency, isFetched: isToCome(state), sources: 1 })
      else known.sources += 1
    }
  }
  const all = [...models.values()].sort((a, b) => Number(b.isFetched) - Number(a.isFetched))
  const fetched = all.filter(({ isFetched }) => isFetched)
  const free = jobs.findLast(({ free_bytes: bytes }) => typeof bytes === 'number')?.free_bytes
  return {
    models: all,
    files: fetched.length,
    bytes: fetched.reduce((sum, { dependency }) => sum + sizeOfDependency(dependency), 0),
    unsized: fetched.filter(({ dependency }) => sizeOfDependency(dependency) === 0).length,
    freeBytes: typeof free === 'number' ? free : undefined,
  }
}

const isToCome = (state: string): boolean => state === 'to_fetch' || state === 'coming'

/** Whether a further run would fetch anything for the job. */
export const hasFilesToFetch = (job: JsonObject): boolean =>
  dependenciesOf(job).some((dependency) => isToCome(stateOfDependency(dependency)))

/** Models shown of a long list. */
const MOST_SHOWN = 100

/** The models that are not here, and what fetching them takes. */
export function renderPlan(plan: ImportPlan, columns: number | undefined): string {
  const { models, freeBytes, bytes } = plan
  const isShared = models.some(({ sources }) => sources > 1)
  const rows = models.slice(0, MOST_SHOWN).map((model) => toRow(model, isShared))
  const lines = [renderTable(rows, columns)]
  if (models.length > MOST_SHOWN) lines.push(`and ${models.length - MOST_SHOWN} more`)
  lines.push(...models.slice(0, MOST_SHOWN).flatMap(({ dependency }) => whyNot(dependency, columns !== undefined)))
  const free = freeBytes === undefined ? '' : `, ${formatBytes(freeBytes)} free`
  const roots = new Set(models.flatMap((model) => (model.isFetched ? (targetOf(model.dependency)?.root ?? []) : [])))
  const into = roots.size === 0 ? '' : ` into ${printableLine([...roots].join(', '))}`
  lines.push('', `${amountOf(plan)} to fetch${into}${free}`)
  if (freeBytes !== undefined && bytes > freeBytes) lines.push(`${formatBytes(bytes - freeBytes)} too little room`)
  return lines.join('\n')
}

function toRow({ dependency, isFetched, sources }: PlannedModel, isShared: boolean): JsonObject {
  const size = sizeOfDependency(dependency)
  return {
    type: textOf(dependency.type) ?? '',
    name: nameOfDependency(dependency),
    status: isFetched ? 'to fetch' : (textOf(dependency.status) ?? ''),
    size: size === 0 ? '' : formatBytes(size),
    source: sourceOfDependency(dependency),
    ...(isShared ? { needed_by: sources } : {}),
    where: isFetched ? placeOf(dependency) : (textOf(dependency.reason) ?? ''),
  }
}

/** Below the model folder; where the host does not say, the name that the prompt uses. */
const placeOf = (dependency: JsonObject): string => targetOf(dependency)?.path ?? wantedName(dependency)

function targetOf({ target }: JsonObject): { readonly root: string; readonly path: string } | undefined {
  const { root, path } = isJsonObject(target) ? target : {}
  return typeof root === 'string' && typeof path === 'string' ? { root, path } : undefined
}

/** The file gets the name that the prompt uses, folders included. */
function wantedName({ written, filename, name }: JsonObject): string {
  const [first] = Array.isArray(written) ? written : []
  const wanted = textOf(first)?.replaceAll('\\', '/')
  return wanted === undefined || wanted === filename || wanted === name ? '' : `as ${wanted}`
}

/** `3 files, 6.4 GiB` */
export function amountOf({ files, bytes, unsized }: Pick<ImportPlan, 'files' | 'bytes' | 'unsized'>): string {
  const counted = `${files} ${files === 1 ? 'file' : 'files'}`
  if (unsized === files) return `${counted} of unknown size`
  return `${counted}, ${formatBytes(bytes)}${unsized === 0 ? '' : ` and ${unsized} of unknown size`}`
}
