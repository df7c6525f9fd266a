import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildFixtures, OWN_FOLDERS } from './fixtures/build.ts'
import { buildCatalog } from './fixtures/catalog/build.ts'

/** Writes fixtures/ anew: `bun scripts/fixtures.ts`. */
const root = join(import.meta.dirname, '..', 'fixtures')
const files = new Map(buildFixtures())
for (const [path, bytes] of buildCatalog()) files.set(`catalog/${path}`, bytes)
for (const folder of [...OWN_FOLDERS, 'catalog']) await rm(join(root, folder), { recursive: true, force: true })
for (const [path, bytes] of files) {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), bytes)
}
const sizeBytes = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
process.stdout.write(`${files.size} files, ${Math.ceil(sizeBytes / 1024)} KiB in fixtures/\n`)
