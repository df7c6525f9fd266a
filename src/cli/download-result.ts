import { ERROR_KINDS } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Context } from './context.ts'
import { textOf } from './dependency-state.ts'
import { jobExitCode, PARTIAL_EXIT } from './job.ts'
import { printableLine } from './text-width.ts'
import { whatHelps } from './what-helps.ts'

/** A full disk is its own exit code, though the job only waits for room; a model that is nowhere is what is missing. */
export function downloadExitCode(job: JsonObject): number {
  if (job.reason_code === 'disk') return ERROR_KINDS.disk_full.exitCode
  return job.status === 'failed' && job.error_code === 'not_found' ? PARTIAL_EXIT : jobExitCode(job)
}

/**
 * Prints what came of a download: the path of the file alone, so that a script may take it, and on stderr why there is
 * none.
 * @param input with which it was asked for
 * @returns the exit code
 */
export async function printDownload(
  context: Context,
  job: JsonObject,
  input: Readonly<Record<string, unknown>>,
): Promise<number> {
  const path = textOf(job.path)
  await context.print(job, () => path ?? '')
  if (path === undefined && !context.globals.json) await context.outside.stderr.write(whyNotDownloaded(job, input))
  return downloadExitCode(job)
}

/** `error: …`, what there is to choose from, `hint: …` */
export function whyNotDownloaded(job: JsonObject, input: Readonly<Record<string, unknown>>): string {
  const reason = textOf(job.reason) ?? textOf(job.error) ?? `The download ended as ${textOf(job.status) ?? 'unknown'}`
  const { air } = input
  const help = whatHelps(typeof air === 'string' ? { air, ...job } : job) ?? textOf(job.hint)
  const candidates = Array.isArray(job.candidates) ? job.candidates.filter(isJsonObject) : []
  const listed = candidates.slice(0, MOST_CANDIDATES).map(describeCandidate)
  return [`error: ${reason}`, ...listed, ...(help === undefined ? [] : [`hint: ${help}`])]
    .map((line) => `${printableLine(line)}\n`)
    .join('')
}

const MOST_CANDIDATES = 20

function describeCandidate({ air, url, name, why }: JsonObject): string {
  return `  ${[air, url, name, why].flatMap((part) => textOf(part) ?? []).join('  ')}`
}
