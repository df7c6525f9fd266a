import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'

/**
 * How a dependency of an import stands, for a person: `here` (or not needed), `pending` (nobody has looked), `coming`,
 * `to_fetch` (it may be fetched and is not yet), else why it is not here.
 */
export type DependencyState = 'here' | 'pending' | 'coming' | 'to_fetch' | 'ambiguous' | 'blocked' | 'missing'

const COMING = new Set(['download_scheduled', 'downloading', 'verifying'])
const ELSEWHERE = new Set(['remote', 'civitai', 'huggingface', 'url'])

export function stateOfDependency(dependency: JsonObject): DependencyState {
  const { status, active, optional } = dependency
  if (status === 'resolved' || status === 'skipped' || active === false) return 'here'
  if (status === 'pending') return 'pending'
  if (typeof status === 'string' && COMING.has(status)) return 'coming'
  if (status === 'blocked') return 'blocked'
  if ((status === 'missing' || status === 'ambiguous') && isOffered(dependency)) return 'to_fetch'
  if (optional === true && status === 'missing') return 'here'
  return status === 'ambiguous' ? 'ambiguous' : 'missing'
}

/** Found elsewhere, and allowed: only then the job says from where it would come. */
const isOffered = ({ resolved_source: source }: JsonObject): boolean =>
  typeof source === 'string' && ELSEWHERE.has(source)

export const dependenciesOf = ({ dependencies }: JsonObject): JsonObject[] =>
  Array.isArray(dependencies) ? dependencies.filter(isJsonObject) : []

/** As a person knows it. */
export const nameOfDependency = (dependency: JsonObject): string =>
  textOf(dependency.filename) ?? textOf(dependency.name) ?? textOf(dependency.reference) ?? 'model'

/** Where it is or comes from: the name of a node, else the kind of source. */
export const sourceOfDependency = ({ resolved_node: node, resolved_source: source }: JsonObject): string =>
  textOf(node) ?? textOf(source) ?? ''

/** What is the same file in several imports, as far as anybody can tell. */
export function identityOf(dependency: JsonObject): string {
  const { sha256, civitai, air, type } = dependency
  const version = isJsonObject(civitai) ? civitai.version_id : undefined
  const named = `${textOf(type) ?? 'other'} ${nameOfDependency(dependency).toLowerCase()}`
  if (typeof sha256 === 'string') return `sha256:${sha256}`
  // A version may have several files: a pruned and a full one.
  return version === undefined ? (textOf(air) ?? named) : `civitai:${String(version)} ${named}`
}

export const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Zero where nobody says how large it is. */
export const sizeOfDependency = ({ bytes_total: total }: JsonObject): number => (typeof total === 'number' ? total : 0)
