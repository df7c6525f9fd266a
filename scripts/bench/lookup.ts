/**
 * How fast a model file is found by digest, name and version among 100,000 rows of the index:
 * `bun scripts/bench/lookup.ts [--rows N] [--lookups N]`. Prints median and p99 of each kind (wanted under 1 ms).
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createDb } from '../../src/db/db.ts'
import { readMigrations } from '../../src/db/migrate.ts'
import { createModelFinder } from '../../src/models/find-models.ts'
import { keepNames } from '../../src/models/library/other-stems.ts'
import { modelFilesTable } from '../../src/models/table.ts'

const { values } = parseArgs({ options: { rows: { type: 'string' }, lookups: { type: 'string' } } })
const ROWS = Number(values.rows ?? 100_000)
const LOOKUPS = Number(values.lookups ?? 2_000)
const HOST = 'bench'

const digestOf = (kind: string, at: number): string => createHash('sha256').update(`${kind} ${at}`).digest('hex')

function row(at: number): typeof modelFilesTable.$inferInsert {
  const name = `set-${at % 300}/model_${at}_v${at % 7}.safetensors`
  return {
    instanceId: HOST,
    path: `/workspace/models/loras/${name}`,
    root: '/workspace/models',
    relative: `loras/${name}`,
    name,
    stemKey: `model_${at}_v${at % 7}`,
    type: 'lora',
    aliases: [`/workspace/links/link_${at}.safetensors`],
    sizeBytes: 100_000_000 + at,
    modifiedUs: 1_750_000_000_000_000 + at,
    changedUs: 1_750_000_000_000_000 + at,
    device: '66306',
    inode: String(at),
    place: at,
    state: 'ok',
    sha256: digestOf('sha256', at),
    tensorSha256: digestOf('tensor', at),
    autoV1: digestOf('autov1', at).slice(0, 8),
    blake3: digestOf('blake3', at),
    crc32: digestOf('crc32', at).slice(0, 8),
    digestSource: 'computed',
    sample: digestOf('sample', at),
    hashedAt: 1,
    // As much as a trainer writes into a header.
    claims: { header: { ss_output_name: `output_${at}`, ss_tag_frequency: 'x'.repeat(2_000) } },
    claimedTensor: digestOf('claimed', at),
    outputNameKey: `output_${at}`,
    baseModel: 'SDXL 1.0',
    civitaiModelId: 1_000 + (at >> 1),
    civitaiVersionId: 2_000 + at,
    civitai: { model_id: 1_000 + (at >> 1), version_id: 2_000 + at, model_name: `Model ${at}`, trained_words: ['one'] },
    foundAt: 1,
    updatedAt: at,
  }
}

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const db = createDb({
  url: `file:${dir}/airkeep.db`,
  migrations: readMigrations,
  journal: async () => 'wal',
  synchronous: 'normal',
  backupDir: join(dir, 'backups'),
})
try {
  await db.open()
  for (let from = 0; from < ROWS; from += 500) {
    const rows = Array.from({ length: Math.min(500, ROWS - from) }, (_, at) => row(from + at))
    await db.write(async (tx) => {
      await tx.insert(modelFilesTable).values(rows).run()
      await keepNames(
        tx,
        rows.map((each) => ({ ...each, aliases: each.aliases })),
      )
    })
  }
  const finder = createModelFinder({ db, instanceId: () => HOST })
  const { findByDigest, findByName } = finder
  await measure('SHA-256', (at) => findByDigest(digestOf('sha256', at)))
  await measure('BLAKE3, without a word about it', (at) => findByDigest(digestOf('blake3', at)))
  await measure('tensor SHA-256 (0x)', (at) => findByDigest(`0x${digestOf('tensor', at)}`))
  await measure('tensor SHA-256 that a header claims', (at) => findByDigest(`0x${digestOf('claimed', at)}`))
  await measure('AutoV3, 12 digits', (at) => findByDigest(digestOf('tensor', at).slice(0, 12)))
  await measure('12 digits of the SHA-256', (at) => findByDigest(digestOf('sha256', at).slice(0, 12)))
  await measure('AutoV2, 10 digits', (at) => findByDigest(digestOf('sha256', at).slice(0, 10)))
  await measure('AutoV1, 8 digits', (at) => findByDigest(digestOf('autov1', at).slice(0, 8)))
  await measure('CRC-32, 8 digits', (at) => findByDigest(digestOf('crc32', at).slice(0, 8)))
  await measure('digest of no file', (at) => findByDigest(digestOf('nothing', at)), 0)
  await measure('stem', (at) => findByName(`MODEL_${at}_v${at % 7}`))
  await measure('path', (at) => findByName(`set-${at % 300}/model_${at}_v${at % 7}.safetensors`))
  await measure('stem of a link to it', (at) => findByName(`link_${at}`))
  await measure('output name', (at) => finder.findByOutputName(`output_${at}`))
  await measure('Civitai version', (at) => finder.findByVersion(2_000 + at))
} finally {
  await db.close()
  rmSync(dir, { recursive: true })
}

async function measure(label: string, find: (at: number) => Promise<readonly unknown[]>, files = 1): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < LOOKUPS + 100; round += 1) {
    const at = Math.floor(Math.random() * ROWS)
    // A lookup that waits for nothing: what it takes is all in the process.
    await setImmediate()
    const begin = performance.now()
    const rows = await find(at)
    const took = performance.now() - begin
    if (rows.length < files) throw new Error(`${label}: file ${at} was not found`)
    // The first ones compile.
    if (round >= 100) times.push(took)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(3)
  process.stdout.write(
    `${label}: median ${at(0.5)} ms, p99 ${at(0.99)} ms (wanted under 1), ${LOOKUPS} random lookups over ${ROWS} files\n`,
  )
}
