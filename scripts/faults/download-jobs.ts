import { median } from '../bench/server.ts'
import { broughtToEnd, keptOf, sentAgain, wrongAfterwards, wrongModels } from './download-after.ts'
import { beginImport, type ProgramScene, startProgramScene } from './download-program.ts'
import { type CaseReport, type Deviation, grouped, MIB, mib } from './download-scene.ts'
import type { Random } from './random.ts'

/** In MiB: the last one is fetched over two connections. */
const SIZES = [8, 12, 36]
const RATE = 4 * MIB
const CONNECTIONS = 4

/** Notes are written every two seconds; a sync takes its time, and sockets and blocks in memory hold some. */
const TAIL_BYTES = CONNECTIONS * (3 * RATE + 2 * MIB)

/** A job that was cut off more often in a row, without getting any further, is given up. */
const MOST_IN_A_ROW = 4

/**
 * Kills the executable while it imports a prompt that needs several files, as a server or as a command, and starts it
 * again: every job comes to its end without being asked for again, and what was noted is not fetched again.
 */
export async function killedImports(kills: number, random: Random): Promise<CaseReport> {
  await using scene = await startProgramScene(SIZES, RATE)
  const deviations: Deviation[] = []
  const lost: number[] = []
  let imports = 0
  let unaccepted = 0
  while (lost.length < kills) {
    scene.emptyModels()
    imports += 1
    let accepted = false
    for (let left = random.between(1, MOST_IN_A_ROW); left > 0 && lost.length < kills; left -= 1) {
      const kept = keptOf(scene)
      const sent = scene.sentBytes()
      const play = random.next() < 0.7 ? killServer : killCommand
      const answered = await play(scene, accepted, 200 + random.next() * 4_000)
      accepted ||= answered
      if (!accepted) unaccepted += 1
      await quiet(scene)
      lost.push(scene.sentBytes() - sent - (keptOf(scene).bytes - kept.bytes))
      note([...wrongModels(scene), ...sentAgain(scene, kept)])
    }
    const kept = keptOf(scene)
    note([...(await broughtToEnd(scene, accepted)), ...wrongAfterwards(scene), ...sentAgain(scene, kept)])
  }
  const most = Math.max(...lost)
  if (most > TAIL_BYTES) note([`${mib(most)} were lost, more than the unsynced tail of ${mib(TAIL_BYTES)}`])
  const total = scene.models.reduce((sum, { file }) => sum + file.bytes.length, 0)
  return {
    name: 'SIGKILL of the executable while it imports and fetches',
    figures:
      `${lost.length} kills in ${imports} imports of ${SIZES.length} files, ${unaccepted} before the job was accepted; ` +
      `sent and not noted by then: median ${mib(median(lost))}, at most ${mib(most)}; noted bytes sent again: ` +
      `${deviations.some(({ what }) => what.includes('sent again')) ? 'some' : 'none'}; ` +
      `${mib(scene.sentBytes())} sent for ${mib(imports * total)}`,
    deviations: grouped(deviations),
  }

  function note(wrong: readonly string[]): void {
    const when = `import ${imports}, after ${lost.length} kills`
    deviations.push(...wrong.map((what) => ({ when, what })))
  }
}

/** @returns whether a job was accepted */
async function killServer(scene: ProgramScene, accepted: boolean, afterMs: number): Promise<boolean> {
  const server = await scene.serve()
  const timer = setTimeout(() => server.kill('SIGKILL'), afterMs)
  const jobId = accepted ? undefined : await beginImport(server, scene.prompt)
  await server.exited
  clearTimeout(timer)
  return jobId !== undefined
}

/** `airkeep import` accepts nothing until it has ended; a server goes on with what it began. */
async function killCommand(scene: ProgramScene, _accepted: boolean, afterMs: number): Promise<boolean> {
  const command = scene.startImport()
  const timer = setTimeout(() => command.kill('SIGKILL'), afterMs)
  const exitCode = await command.exited
  clearTimeout(timer)
  return exitCode === 0
}

/** A server goes on sending until it notices. */
async function quiet({ models }: ProgramScene): Promise<void> {
  while (models.some(({ server }) => server.atOnce() > 0)) await Bun.sleep(5)
}
