import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { dependenciesOf, stateOfDependency, textOf } from './dependency-state.ts'

/** Searches that could not be made for what is missing, each once: of these models nobody knows yet that they are nowhere. */
export function unaskedOf(jobs: readonly JsonObject[]): string[] {
  const open = jobs.flatMap(dependenciesOf).filter((each) => stateOfDependency(each) === 'missing')
  const failed = open.flatMap(({ steps }) => (Array.isArray(steps) ? steps.filter(isJsonObject) : []))
  const told = failed.flatMap(({ failed: isFailed, result }) => (isFailed === true ? (textOf(result) ?? []) : []))
  return [...new Set(told)].map((sentence) => `${sentence}; try again`)
}
