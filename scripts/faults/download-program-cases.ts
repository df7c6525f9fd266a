import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { projectDir } from '../../test/support/project-files.ts'
import { overHttp } from '../../test/support/surfaces.ts'
import { broughtToEnd, keptOf, notCompleted, sentOnce, until, wrongAfterwards, wrongModels } from './download-after.ts'
import { beginImport, type ProgramScene, startProgramScene, totalOf } from './download-program.ts'
import { type CaseReport, inTurn, MIB, mib } from './download-scene.ts'

const SIZES = [8, 12]
const RATE = 4 * MIB
const CONFLICT = 5

/** What the executable makes of it, from the request to the job's end. */
export const aboutProgram = (): Promise<readonly CaseReport[]> =>
  inTurn([twoServers, twoCommands, dyingNode, jumpingClock])

/** And a command beside the first. */
async function twoServers(): Promise<CaseReport> {
  await using scene = await startProgramScene(SIZES, RATE)
  const server = await scene.serve()
  await beginImport(server, scene.prompt)
  const second = await scene.executable.run(['serve', '--port', '0'], { env: scene.env })
  const deviations = [...(await commandEnded(scene)), ...(await notCompleted(scene)), ...sentOnce(scene)]
  if (second.exitCode !== CONFLICT) deviations.push(`a second serve ended with ${second.exitCode}: ${second.stderr}`)
  if ((await server.stop()) !== 0) deviations.push(`the server did not end well: ${server.stderr()}`)
  deviations.push(...wrongAfterwards(scene))
  const figures = `the second ended with ${second.exitCode}; an import beside the first with 0, ${sentOf(scene)}`
  return { name: 'two servers on one data directory', figures, deviations }
}

async function twoCommands(): Promise<CaseReport> {
  await using scene = await startProgramScene(SIZES, RATE)
  const ends = await Promise.all([commandEnded(scene), commandEnded(scene)])
  const deviations = [...ends.flat(), ...(await notCompleted(scene)), ...sentOnce(scene), ...wrongAfterwards(scene)]
  return { name: 'two imports on one data directory', figures: `both ended with 0, ${sentOf(scene)}`, deviations }
}

/** Two nodes have all files, and what they send is slow. */
async function dyingNode(): Promise<CaseReport> {
  await using scene = await startProgramScene(SIZES, RATE)
  const [dying, staying] = [await startNode(scene, 'dying'), await startNode(scene, 'staying')]
  const server = await scene.serve()
  for (const { name, url } of [dying, staying]) {
    await overHttp(server.url).invoke('add_node', { name, url, dialect: 'airkeep' })
  }
  await beginImport(server, scene.prompt)
  await until(() => keptOf(scene).bytes >= 4 * MIB)
  const kept = keptOf(scene)
  dying.kill()
  const deviations = await notCompleted(scene)
  if ((await server.stop()) !== 0) deviations.push(`the server did not end well: ${server.stderr()}`)
  deviations.push(...wrongAfterwards(scene))
  const figures = `killed with ${mib(kept.bytes)} of ${mib(totalOf(scene))} noted: the other gave the rest`
  return { name: 'one of two nodes dying', figures, deviations }
}

interface RunningNode {
  readonly name: string
  readonly url: string
  kill(): void
}

async function startNode({ executable, env, models }: ProgramScene, name: string): Promise<RunningNode> {
  const folder = join(executable.folder, name)
  mkdirSync(join(folder, 'loras'), { recursive: true })
  for (const { target, file } of models) writeFileSync(join(folder, 'loras', basename(target)), file.bytes)
  const data = join(executable.folder, `data-${name}`)
  const of = { ...env, AIRKEEP_MODELS: folder, AIRKEEP_SERVE_BANDWIDTH: String(RATE) }
  const scanned = await executable.run(['scan', '--json'], { env: of, data })
  if (scanned.exitCode !== 0) throw new Error(`A scan ended with ${scanned.exitCode}: ${scanned.stderr}`)
  const { url, kill } = await executable.serve([], { env: of, data })
  return { name, url, kill: () => kill('SIGKILL') }
}

/** From its sources, since nothing sets the clock of the executable. */
async function jumpingClock(): Promise<CaseReport> {
  await using scene = await startProgramScene(SIZES, RATE)
  const program = [
    process.execPath,
    '--preload',
    join(import.meta.dir, 'jumping-clock.ts'),
    join(projectDir, 'src/main.ts'),
  ]
  const first = scene.startImport([], program)
  await until(() => keptOf(scene).bytes >= 4 * MIB)
  first.kill('SIGKILL')
  await first.exited
  const kept = keptOf(scene)
  const second = scene.startImport([], program)
  const exitCode = await second.exited
  const deviations = [...wrongModels(scene), ...(await broughtToEnd(scene)), ...wrongAfterwards(scene)]
  if (exitCode !== 0) deviations.push(`the import ended with ${exitCode}: ${await second.stderr.text()}`)
  const figures = `400 days to and fro every 50 ms, killed with ${mib(kept.bytes)} noted: ended with ${exitCode}, ${sentOf(scene)}`
  return { name: 'a program whose clock jumps', figures, deviations }
}

async function commandEnded(scene: ProgramScene): Promise<string[]> {
  const command = scene.startImport()
  const [exitCode, stderr] = await Promise.all([command.exited, command.stderr.text(), command.stdout.text()])
  return exitCode === 0 ? [] : [`an import ended with ${exitCode}: ${stderr}`]
}

const sentOf = (scene: ProgramScene): string => `${mib(scene.sentBytes())} sent for ${mib(totalOf(scene))}`
