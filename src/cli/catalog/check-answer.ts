import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { textOf } from '../dependency-state.ts'

/** What `check_downloads` says of a page, under the name that people know it by. */
export interface CheckedPage {
  readonly name: string
  readonly result: JsonObject
}

/** The answers of several calls as one: results under the names that were typed, counts added up. */
export function mergeAnswers(
  answers: readonly { readonly output: JsonObject; readonly nameOf: (page: string) => string }[],
): JsonObject {
  const [first] = answers
  const results: JsonObject = {}
  const summary: Record<string, number> = {}
  for (const { output, nameOf } of answers) {
    for (const [page, result] of Object.entries(resultsOf(output))) results[nameOf(page)] = result
    for (const [name, count] of Object.entries(isJsonObject(output.summary) ? output.summary : {})) {
      if (typeof count === 'number') summary[name] = (summary[name] ?? 0) + count
    }
  }
  const success = answers.every(({ output }) => output.success === true)
  return { ...first?.output, success, results, summary }
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

/** Whether nothing that could be looked for is missing, and all could be looked for. */
export const isComplete = (answer: JsonObject): boolean =>
  checkedPages(answer).every(
    (page) => statusOf(page) === 'all' || statusOf(page) === 'not_applicable' || !needsFiles(page),
  )

/** A page that is invalid and names no files asks for nothing. */
const needsFiles = ({ result }: CheckedPage): boolean => result.checkable === true || result.status === 'unknown'
