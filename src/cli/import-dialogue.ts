import type { JsonObject } from '../lib/json.ts'
import { askForChoices, type Choice } from './choose.ts'
import { confirm } from './confirm.ts'
import type { Context } from './context.ts'
import { dependenciesOf, stateOfDependency } from './dependency-state.ts'
import { findOperation } from './find-operation.ts'
import { type ImportParts, type Result, type Results, runImports } from './import-jobs.ts'
import { amountOf, hasFilesToFetch, type ImportPlan, planOf, renderPlan } from './import-plan.ts'
import type { ImportSource } from './import-source.ts'
import { followJob, jobExitCode } from './job.ts'
import { createJobDisplay } from './job-display.ts'
import type { Session } from './session.ts'
import type { ImportOptions } from './start-imports.ts'
import { fetchedSentence } from './transfer-lines.ts'

/** Whether somebody sits there who can be asked before anything is downloaded. */
export function mayAsk(
  { outside, globals }: Context,
  { where }: Pick<Session, 'where'>,
  sources: readonly ImportSource[],
  options: ImportOptions,
): boolean {
  if (options.yes || options.dryRun || !options.wait || !options.download || globals.json) return false
  if (!outside.stdinIsTerminal || !outside.stderr.isTerminal) return false
  // What was typed was the prompt itself.
  if (sources.some(({ label }) => label === '-')) return false
  // It is refused: nothing else is to be said of it.
  return !(options.track && where.kind === 'server' && sources.some(({ kind }) => kind === 'path'))
}

/**
 * Looks first, which downloads nothing; shows what is missing and asks; then the same jobs go on, with downloads. What was
 * found upstream is remembered for a while, so that the second time costs little. Where there was nothing to ask, such as
 * because all is blocked, they go on too: what they need comes once it may.
 * @throws as runImports does
 */
export async function importWithQuestion(
  parts: ImportParts,
  sources: readonly ImportSource[],
  options: ImportOptions,
): Promise<Results> {
  const { context, app } = parts
  const { track, ...untracked } = options
  const look = await runImports(parts, sources, { ...untracked, download: false, isLook: true })
  const [only] = look.results
  const choices = only?.source.only === true && !context.globals.quiet ? await askForChoices(context, only.output) : []
  const looked = only !== undefined && choices.length > 0 ? [await choose(parts, only, choices)] : look.results

  const plan = planOf(looked.map(({ output }) => output))
  const isDeclined = plan.files > 0 && !(await askForDownload(context, plan))
  const goesAgain = ({ output, job }: Result): boolean =>
    job !== undefined &&
    (track === true ? output.status !== 'failed' : !isDeclined && output.status === 'partially_completed')
  const again = looked.filter(goesAgain)
  const display = createJobDisplay(context, { jobs: again.length })
  const results = again.length === 0 ? looked : joined(looked, await goOn())
  if (isDeclined) await noteDeclined(context, results)
  return { results, fetched: again.length === 0 ? undefined : fetchedSentence(display.state()) }

  async function goOn(): Promise<readonly Result[]> {
    const before = again.map(({ source }) => source)
    if (track === true) {
      // A new one: what a look has found is not what was used.
      const { results: tracked } = await runImports(parts, before, { ...options, download: !isDeclined, display })
      const chosen: Result[] = []
      for (const result of tracked) chosen.push(await choose(parts, result, choices, display))
      return chosen
    }
    const operation = findOperation(app, 'retry_import_job', 'airkeep import')
    const jobs = new Map(again.flatMap(({ source, job }) => (job === undefined ? [] : [[source, job] as const])))
    return (await runImports(parts, before, { ...options, goesOn: { operation, jobs }, display })).results
  }
}

/** The second results in the places of the first. */
function joined(looked: readonly Result[], second: readonly Result[]): readonly Result[] {
  const bySource = new Map(second.map((result) => [result.source, result]))
  return looked.map((result) => bySource.get(result.source) ?? result)
}

async function askForDownload(context: Context, plan: ImportPlan): Promise<boolean> {
  context.progress.clear()
  await context.note(renderPlan(plan, context.outside.stderr.columns))
  return confirm(context, `Download ${amountOf(plan)}?`)
}

/** With what fetches it all the same. */
async function noteDeclined({ note }: Context, results: readonly Result[]): Promise<void> {
  const [only, ...others] = results.filter(({ output }) => hasFilesToFetch(output))
  const job = others.length === 0 ? (only?.job ?? 'JOB') : 'JOB'
  await note(`Nothing was downloaded: airkeep retry-import-job --job-id ${job} --download fetches it`)
}

/** Tells the job what was chosen, which has it run again. */
async function choose(
  { context, app, session }: ImportParts,
  result: Result,
  choices: readonly Choice[],
  display = createJobDisplay(context),
): Promise<Result> {
  const operation = app.operations.find(({ name }) => name === 'choose_candidate')
  const { job } = result
  const open = choices.filter((choice) => isOpen(result.output, choice))
  if (operation === undefined || job === undefined || open.length === 0) return result
  for (const choice of open) {
    await session.invoke(operation, { job_id: job, ...choice }, { signal: context.signal, progress() {} })
  }
  try {
    const output = await followJob(context, session, job, { display })
    return { ...result, output, code: jobExitCode(output) }
  } finally {
    display.end()
  }
}

const isOpen = (job: JsonObject, { reference, type }: Choice): boolean =>
  dependenciesOf(job).some(
    (one) =>
      one.reference === reference &&
      (type === undefined || one.type === type) &&
      stateOfDependency(one) === 'ambiguous',
  )
