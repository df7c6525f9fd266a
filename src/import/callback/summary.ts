import type { JobRow, Sequel } from '../../jobs/job.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'

export const CALLBACK_KIND = 'callback'

/**
 * What a callback tells of an import that has ended: neither its payload nor paths, and names of models are of the
 * payload.
 */
export function summaryOf({ id, view }: Pick<JobRow, 'id' | 'view'>): JsonObject {
  const dependencies = Array.isArray(view.dependencies) ? view.dependencies.filter(isJsonObject) : []
  const reasons = dependencies.flatMap(({ reason_code: code }) => (typeof code === 'string' ? [code] : []))
  return {
    job_id: id,
    status: view.status ?? 'failed',
    dependencies: countsOf(dependencies.map(({ status }) => String(status))),
    reason_codes: countsOf(reasons),
    ...(typeof view.error_code === 'string' ? { error_code: view.error_code } : {}),
  }
}

function countsOf(words: readonly string[]): JsonObject {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/** The callback of an import that has ended, where its caller asked for one. */
export function callbackOf(ended: JobRow): Sequel | undefined {
  const { callback_url: url } = ended.input
  if (typeof url !== 'string') return undefined
  return {
    kind: CALLBACK_KIND,
    input: { url, body: JSON.stringify(summaryOf(ended)) },
    // Whoever may see the import sees this: the address may hold a key.
    view: { status: 'waiting', progress: 0, import_job_id: ended.id, attempts: 0 },
  }
}
