import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** Entry points in src; each further one is a worker, found in what is built under its path below src. */
const entrypoints = [
  'src/main.ts',
  'src/hash/worker.ts',
  'src/db/copy-worker.ts',
  'src/import/read/worker.ts',
  'src/catalog/read/worker.ts',
  'src/catalog/detect/local/worker.ts',
  'src/models/scan/worker.ts',
  'src/models/watch/worker.ts',
]

/**
 * What every build of the project in `projectDir` has in common.
 * @throws Error where there are no migrations
 */
export async function commonOptions(projectDir: string) {
  if (!existsSync(join(projectDir, 'drizzle/meta/_journal.json'))) throw new Error('drizzle/ holds no migrations')
  return {
    entrypoints: entrypoints.map((path) => join(projectDir, path)),
    root: join(projectDir, 'src'),
    format: 'esm',
    sourcemap: 'none',
    env: 'disable',
    define: { AIRKEEP_VERSION: JSON.stringify(await projectVersion(projectDir)) },
  } as const
}

async function projectVersion(projectDir: string): Promise<string> {
  const text = await readFile(join(projectDir, 'package.json'), 'utf8')
  return v.parse(v.object({ version: v.string() }), JSON.parse(text)).version
}
