import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type Row } from '@libsql/client'
import type { ExpectedFile } from './expected.ts'

/** The database of a data directory at one moment. */
export interface Index {
  readonly files: readonly Row[]
  readonly jobs: readonly Row[]
  /** What `PRAGMA integrity_check` says; `ok`. */
  readonly integrity: string
}

const EMPTY: Index = { files: [], jobs: [], integrity: 'ok' }

/** Reads a copy: the next run finds what the killed one left, and nothing else. */
export async function readIndex(data: string): Promise<Index> {
  if (!existsSync(join(data, 'airkeep.db'))) return EMPTY
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-index-'))
  try {
    for (const name of ['airkeep.db', 'airkeep.db-wal']) {
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(dir, name))
    }
    const client = createClient({ url: `file:${dir}/airkeep.db` })
    try {
      const check = await client.execute('PRAGMA integrity_check')
      const integrity = String(check.rows[0]?.['integrity_check'])
      const tables = await client.execute("SELECT name FROM sqlite_master WHERE name IN ('model_files', 'jobs')")
      if (tables.rows.length < 2) return { ...EMPTY, integrity }
      const files = await client.execute('SELECT * FROM model_files')
      const jobs = await client.execute("SELECT * FROM jobs WHERE kind = 'scan' ORDER BY created_at, rowid")
      return { files: files.rows, jobs: jobs.rows, integrity }
    } finally {
      client.close()
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** One content at one time, wherever it lies. */
const contentKey = (size: unknown, modified: unknown): string => `${String(size)}:${String(modified)}`

/** Of files whose digests are stored, when they were hashed, by {@link contentKey}. */
export const hashedAt = ({ files }: Index): Map<string, string> =>
  new Map(
    files
      .filter((row) => row['hashed_at'] !== null)
      .map((row) => [contentKey(row['size_bytes'], row['modified_us']), String(row['hashed_at'])]),
  )

export const keyOf = ({ sizeBytes, modifiedUs }: ExpectedFile): string => contentKey(sizeBytes, modifiedUs)

/** How the index differs from what it must hold; nothing where it is right. */
export function deviations(
  { files, jobs, integrity }: Index,
  expected: ReadonlyMap<string, ExpectedFile>,
  before: ReadonlyMap<string, string> = new Map(),
): string[] {
  const found: string[] = integrity === 'ok' ? [] : [`integrity_check: ${integrity}`]
  const live = new Map(files.filter((row) => row['gone_at'] === null).map((row) => [String(row['path']), row]))
  for (const path of live.keys()) if (!expected.has(path)) found.push(`${path}: is in the index and not on the disk`)
  for (const [path, file] of expected) {
    const row = live.get(path)
    if (row === undefined) {
      found.push(`${path}: is not in the index`)
      continue
    }
    const note = (what: string, is: unknown, must: unknown): void => {
      if (is !== must) found.push(`${path}: ${what} is ${String(is)}, must be ${String(must)}`)
    }
    note('root', row['root'], file.root)
    note('relative', row['relative'], file.relative)
    note('size', row['size_bytes'], file.sizeBytes)
    note('time', row['modified_us'], file.modifiedUs)
    note('state', row['state'], file.state)
    note('sha256', row['sha256'], file.sha256)
    note('tensor sha256', row['tensor_sha256'], file.tensorSha256)
    note('AutoV1', row['auto_v1'], file.autoV1)
    note('sample', row['sample'] !== null, file.sha256 !== null)
    note('hashed', row['hashed_at'] !== null, file.sha256 !== null)
    note('inspected', row['inspected_at'] !== null, true)
    const aliases = JSON.parse(String(row['aliases'])) as string[]
    note('aliases', aliases.toSorted().join(), file.aliases.join())
    const earlier = before.get(keyOf(file))
    if (earlier !== undefined) note('hashed_at', String(row['hashed_at']), earlier)
  }
  for (const job of jobs) {
    if (job['status'] !== 'succeeded') found.push(`job ${String(job['id'])} is ${String(job['status'])}`)
  }
  return found
}
