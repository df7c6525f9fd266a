import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { broughtToEnd, jobsLeft, keptOf, sentAgain, wrongAfterwards, wrongModels } from './download-after.ts'
import { type ProgramScene, startProgramScene } from './download-program.ts'
import { type CaseReport, type Deviation, grouped, MIB, mib } from './download-scene.ts'

/** In MiB. */
const SIZE = 2
const CHANGING = 'pwrite64,write,fsync,fdatasync,ftruncate,rename,link,unlink'.split(',')

/** One call of the thread that writes to the database. */
interface Point {
  readonly syscall: string
  readonly nth: number
}

/**
 * Kills an import that downloads at every write, sync and removal of its main thread, which makes those of the database:
 * every commit is among them. What other threads do to the model's folder is `points`. Afterwards a server brings to its
 * end what was accepted.
 */
export async function crashesAtEachCommit(every: number): Promise<CaseReport> {
  await using scene = await startProgramScene([SIZE])
  const { data, folder } = scene.executable
  const base = join(folder, 'base')
  // Migrations are tested elsewhere: a data directory that has its tables.
  const first = await scene.executable.run(['import', '-', '--json'], { env: scene.env, stdin: 'a cat\nSteps: 20' })
  if (first.exitCode !== 0) throw new Error(`An import ended with ${first.exitCode}: ${first.stderr}`)
  cpSync(data, base, { recursive: true })
  const anew = (): void => {
    rmSync(data, { recursive: true })
    cpSync(base, data, { recursive: true })
    scene.emptyModels()
  }

  const before = new Set(jobsLeft(base).map(({ id }) => id))
  const points = (await countPoints(scene)).filter((_, at) => at % every === 0)
  const deviations: Deviation[] = []
  const crashes = new Map<string, number>()
  let accepted = 0
  let withName = 0
  for (const { syscall, nth } of points) {
    anew()
    const inject = ['-e', `trace=${syscall}`, '-e', `inject=${syscall}:signal=SIGKILL:when=${nth}`]
    const import_ = scene.startImport(['strace', '-f', '-qq', '-o', '/dev/null', ...inject])
    await import_.exited
    // A run makes a few calls more or fewer than another.
    if (import_.signalCode === 'SIGKILL') crashes.set(syscall, (crashes.get(syscall) ?? 0) + 1)
    const wrong = wrongModels(scene)
    const kept = keptOf(scene)
    if (kept.intervals.some((each) => each.length > 0)) withName += 1
    const isAccepted = jobsLeft(data).some(({ kind, id }) => kind === 'import' && !before.has(id))
    if (isAccepted) accepted += 1
    wrong.push(...(await broughtToEnd(scene, isAccepted)), ...wrongAfterwards(scene), ...sentAgain(scene, kept))
    deviations.push(
      ...wrong.map((what) => ({ when: `${syscall} ${nth}`, what: what.replaceAll(/_[0-9a-z]{20}/g, '_…') })),
    )
  }
  const total = [...crashes.values()].reduce((sum, count) => sum + count, 0)
  const kinds = [...crashes].map(([syscall, count]) => `${count} ${syscall}`).join(', ')
  return {
    name: 'a crash at each call to the database of an import that downloads',
    figures:
      `${total} crashes (${kinds}), ${accepted} with a job by then, ${withName} with bytes that were kept; ` +
      `every job ended by itself; ${mib(scene.sentBytes())} sent for ${points.length} times ${mib(SIZE * MIB)}`,
    deviations: grouped(deviations),
  }
}

async function countPoints(scene: ProgramScene): Promise<Point[]> {
  const log = join(scene.executable.folder, 'strace.log')
  const trace = ['strace', '-f', '-qq', '-y', '-s', '0', '-o', log, '-e', `trace=${CHANGING.join()}`]
  if ((await scene.startImport(trace).exited) !== 0) throw new Error('An import under strace failed')
  const lines = readFileSync(log, 'utf8').split('\n')
  const main = lines.find((line) => line.includes('airkeep.db-wal>'))?.split(' ')[0]
  if (main === undefined) throw new Error('The import has written to no database')
  const counts = new Map<string, number>()
  return lines.flatMap((line) => {
    const [, thread, syscall = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (thread !== main || !CHANGING.includes(syscall)) return []
    const nth = (counts.get(syscall) ?? 0) + 1
    counts.set(syscall, nth)
    // Of pipes and the like only the number of the call matters.
    return line.includes(scene.executable.folder) ? [{ syscall, nth }] : []
  })
}
