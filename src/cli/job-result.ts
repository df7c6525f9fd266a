import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { printDownload } from './download-result.ts'
import { renderImport } from './import-table.ts'
import { exitCodeOf, jobExitCode } from './job.ts'
import { renderOutput } from './render.ts'
import { isDownload } from './transfer-files.ts'

/** The answer of a call that nobody waits for, for people: of a download the job's id alone, which a script may take. */
export function renderStarted(
  { name, columns: fields }: Operation,
  output: JsonObject,
  columns: number | undefined,
): string {
  const { job_id: job } = output
  return name === 'request_model_download' && typeof job === 'string' ? job : renderOutput(output, columns, fields)
}

/**
 * Prints the jobs of a call, which have ended.
 * @param input of the call
 * @returns the exit code
 */
export async function printEnded(
  context: Context,
  output: JsonObject,
  ended: readonly JsonObject[],
  input: Readonly<Record<string, unknown>>,
): Promise<number> {
  const [only] = ended
  const isSingle = typeof output.job_id === 'string'
  if (only !== undefined && isSingle && isDownload(only)) return printDownload(context, only, input)
  const result = only !== undefined && isSingle ? only : { ...output, jobs: [...ended] }
  await context.print(result, (columns) =>
    isImport(result) ? renderImport('', result, columns) : renderOutput(result, columns),
  )
  return exitCodeOf(ended.map(jobExitCode))
}

const isImport = ({ job_id: job, dependencies }: JsonObject): boolean =>
  typeof job === 'string' && job.startsWith('imp_') && Array.isArray(dependencies)
