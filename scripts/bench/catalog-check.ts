/**
 * How long 207 pages of a catalog take to be checked against 100,000 indexed files of this host, all of them on its disk:
 * `bun scripts/bench/catalog-check.ts [--files N] [--folders N] [--rounds N]` (wanted warm under 150 ms, with no pause of
 * the event loop over 20 ms). Cold: a new thread that has listed nothing. Warm: nothing came or went since.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { classify } from '../../src/catalog/classify.ts'
import { createKnownFiles } from '../../src/catalog/detect/local/known-files.ts'
import { createLocalHost, type LocalHost } from '../../src/catalog/detect/local/local-host.ts'
import { createFolderLooker } from '../../src/catalog/detect/local/looker.ts'
import { readPageBytes } from '../../src/catalog/page.ts'
import { toPageReport } from '../../src/catalog/page-report.ts'
import { createDb } from '../../src/db/db.ts'
import { readMigrations } from '../../src/db/migrate.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { toMicroseconds } from '../../src/lib/file-numbers.ts'
import { stemKeyOf } from '../../src/models/library/rows.ts'
import { modelFilesTable } from '../../src/models/table.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { catalogPages } from '../fixtures/catalog/build.ts'
import { makeTree } from '../fixtures/catalog/make-tree.ts'
import { modelTree } from '../fixtures/catalog/tree.ts'
import { median } from './server.ts'

const { values } = parseArgs({
  options: { files: { type: 'string' }, folders: { type: 'string' }, rounds: { type: 'string' } },
})
const FILES = Number(values.files ?? 100_000)
const FOLDERS = Number(values.folders ?? 5_000)
const ROUNDS = Number(values.rounds ?? 11)
const HOST = 'bench'
const KINDS = ['loras', 'checkpoints', 'vae', 'embeddings', 'upscale_models', 'controlnet']

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const home = join(dir, 'ui')
const root = join(home, 'models')
const db = createDb({
  url: `file:${dir}/airkeep.db`,
  migrations: readMigrations,
  journal: async () => 'wal',
  synchronous: 'normal',
  backupDir: join(dir, 'backups'),
})
const reports = catalogPages.map(({ path, bytes }) => toPageReport(path, classify(readPageBytes(bytes))))
const tree = modelTree(catalogPages, 'comfyui')

const folderOf = (at: number): string => `${KINDS[at % KINDS.length]}/set-${at}`

/** Half of them as civitdl names them. */
function nameOf(at: number): string {
  const name = at % 2 === 0 ? `model_${at}` : `model-mid_${at}-vid_${2_000_000 + at}`
  return `${folderOf(at % FOLDERS)}/${name}.safetensors`
}

function rowOf(relative: string, at: number): typeof modelFilesTable.$inferInsert {
  const path = join(root, relative)
  const { size, mtimeNs, ctimeNs, dev, ino } = statSync(path, { bigint: true })
  const [kind = '', ...below] = relative.split('/')
  return {
    instanceId: HOST,
    path,
    root,
    relative,
    name: below.join('/'),
    stemKey: stemKeyOf(relative),
    type: kind === 'loras' ? 'lora' : 'checkpoint',
    aliases: [],
    sizeBytes: Number(size),
    modifiedUs: toMicroseconds(mtimeNs),
    changedUs: toMicroseconds(ctimeNs),
    device: String(dev),
    inode: String(ino),
    place: at,
    state: 'ok',
    inspectedAt: 1,
    sha256: String(at).padStart(64, '0'),
    civitaiVersionId: 2_000_000 + at,
    claims: { header: { ss_output_name: `output_${at}`, ss_tag_frequency: 'x'.repeat(1_000) } },
    foundAt: 1,
    updatedAt: at,
  }
}

async function makeFiles(): Promise<void> {
  for (let at = 0; at < FOLDERS; at += 1) mkdirSync(join(root, folderOf(at)), { recursive: true })
  for (let from = 0; from < FILES; from += 500) {
    const names = Array.from({ length: Math.min(500, FILES - from) }, (_, at) => nameOf(from + at))
    for (const name of names) writeFileSync(join(root, name), '')
    await db.write(async (tx) => {
      await tx
        .insert(modelFilesTable)
        .values(names.map((name, at) => rowOf(name, from + at)))
        .run()
    })
  }
  makeTree(home, tree)
}

function aHost() {
  const looker = createFolderLooker()
  const host = createLocalHost({
    looker,
    findKnown: createKnownFiles({ db, instanceId: () => HOST }),
    localFiles: createLocalFiles({ roots: () => [root] }),
    modelRoots: () => [{ path: root, type: undefined }],
    uiHomes: () => [home],
    userHome: join(dir, 'user'),
    clock: systemClock,
    instanceId: () => HOST,
  })
  return { looker, host }
}

interface Measured {
  /** Milliseconds from the call to the answer. */
  readonly took: number
  /** Milliseconds of processors, all threads. */
  readonly cpu: number
  /** Milliseconds: the longest pause of the event loop. */
  readonly pause: number
}

async function check(host: LocalHost): Promise<Measured> {
  const { signal } = new AbortController()
  let last = performance.now()
  let pause = 0
  const timer = setInterval(() => {
    pause = Math.max(pause, performance.now() - last - 1)
    last = performance.now()
  }, 1)
  const usage = process.cpuUsage()
  const begin = performance.now()
  last = begin
  const { results } = await host.at().check(
    reports.map((report) => ({ report })),
    { actor: OWNER, signal, progress() {} },
  )
  const took = performance.now() - begin
  const { user, system } = process.cpuUsage(usage)
  pause = Math.max(pause, performance.now() - last - 1)
  clearInterval(timer)
  const wrong = Object.entries(tree.verdicts).filter(([path, { status }]) => results.get(path)?.status !== status)
  // Digests are not in this index, and one page of the tree has another one.
  if (results.size !== reports.length || wrong.length > 2) throw new Error(`Misjudged: ${JSON.stringify(wrong)}`)
  return { took, pause, cpu: (user + system) / 1000 }
}

function shown(results: readonly Measured[]): string {
  const of = (pick: (result: Measured) => number, digits: number): string => {
    const all = results.map(pick)
    return `median ${median(all).toFixed(digits)} ms, worst ${Math.max(...all).toFixed(digits)} ms`
  }
  const { took, cpu, pause } = {
    took: of((each) => each.took, 0),
    cpu: of((each) => each.cpu, 0),
    pause: of((each) => each.pause, 1),
  }
  return `${took} (of processors ${cpu}); longest pause of the event loop ${pause}`
}

try {
  await db.open()
  await makeFiles()
  const cold: Measured[] = []
  for (let round = 0; round < Math.min(ROUNDS, 5); round += 1) {
    const { looker, host } = aHost()
    cold.push(await check(host))
    await looker.close()
  }
  const { looker, host } = aHost()
  await check(host)
  // A folder that was just written to is listed again.
  await Bun.sleep(2_500)
  await check(host)
  const warm: Measured[] = []
  for (let round = 0; round < ROUNDS; round += 1) warm.push(await check(host))
  await looker.close()
  process.stdout.write(
    `${reports.length} pages, ${FILES} files in ${FOLDERS} folders, all indexed\ncold: ${shown(cold)}\nwarm (wanted under 150 ms): ${shown(warm)}; ${ROUNDS} rounds\n`,
  )
} finally {
  await db.close()
  rmSync(dir, { recursive: true })
}
