import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { textOf } from '../dependency-state.ts'
import { objectsOf, textsOf } from './page-row.ts'

/** What `check_downloads` says of a page, under the name that people know it by. */
export interface CheckedPage {
  readonly name: string
  readonly result: JsonObject
}

/**
 * The answers of several calls as one: results under the names that were typed, and what is said of the host by the
 * first that could not look, if one could not.
 */
export function mergeAnswers(
  answers: readonly { readonly output: JsonObject; readonly nameOf: (page: string) => string }[],
): JsonObject {
  const outputs = answers.map(({ output }) => output)
  const speaker = outputs.find(({ success }) => success !== true) ?? outputs[0]
  const results = Object.fromEntries(
    answers.flatMap(({ output, nameOf }) =>
      Object.entries(resultsOf(output)).map(([page, result]) => [nameOf(page), result] as const),
    ),
  )
  const notes = [...new Set(outputs.flatMap((output) => textsOf(output.notes)))]
  const success = outputs.every((output) => output.success === true)
  return { ...speaker, success, results, summary: countAgain(outputs, Object.values(results)), notes }
}

/** What the summaries count, over pages of which two calls may have told. */
function countAgain(outputs: readonly JsonObject[], results: readonly JsonObject[]): Record<string, number> {
  const files = results.flatMap((result) => objectsOf(result.files))
  const count = (name: string): number => {
    if (name === 'pages') return results.length
    if (name === 'files') return files.length
    const of = name.startsWith('files_') ? name.slice('files_'.length) : undefined
    if (of !== undefined) return files.filter(({ status }) => status === of).length
    return results.filter(({ status }) => status === name).length
  }
  const names = new Set(outputs.flatMap(({ summary }) => Object.keys(isJsonObject(summary) ? summary : {})))
  return Object.fromEntries([...names].map((name) => [name, count(name)]))
}

const resultsOf = ({ results }: JsonObject): Record<string, JsonObject> =>
  Object.fromEntries(
    Object.entries(isJsonObject(results) ? results : {}).filter(([, page]) => isJsonObject(page)),
  ) as Record<string, JsonObject>

export const checkedPages = (answer: JsonObject): CheckedPage[] =>
  Object.entries(resultsOf(answer)).map(([name, result]) => ({ name, result }))

export const statusOf = ({ result }: CheckedPage): string => textOf(result.status) ?? 'unknown'

/** Whether somebody looked for its files. */
export const isTested = (page: CheckedPage): boolean => ['all', 'partial', 'none'].includes(statusOf(page))

/** Whether nothing is missing, and all could be looked for: what an invalid page needs nobody knows. */
export const isComplete = (answer: JsonObject): boolean =>
  checkedPages(answer).every((page) => statusOf(page) === 'all' || statusOf(page) === 'not_applicable')
