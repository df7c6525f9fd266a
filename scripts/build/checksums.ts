import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/**
 * Writes `<folder>/SHA256SUMS` for `sha256sum --check`: of `names`, those that are in the folder. Several builds may
 * end at the same time: whoever finds that a file has changed since it looked begins again, so that the last one to
 * write has seen them all.
 */
export async function writeChecksums(folder: string, names: readonly string[]): Promise<string> {
  const path = join(folder, 'SHA256SUMS')
  for (;;) {
    const before = await look(folder, names)
    const lines = await Promise.all(before.map(async ({ name }) => `${await sha256Of(join(folder, name))}  ${name}\n`))
    const partial = `${path}.${randomUUID()}.partial`
    try {
      await writeFile(partial, lines.join(''))
      await rename(partial, path)
    } finally {
      await rm(partial, { force: true })
    }
    if (JSON.stringify(await look(folder, names)) === JSON.stringify(before)) return path
  }
}

/** The files that are there, as they are now. */
async function look(folder: string, names: readonly string[]) {
  const present = new Set(await readdir(folder))
  const there = names.filter((name) => present.has(name)).toSorted()
  return Promise.all(
    there.map(async (name) => {
      const { size, mtimeMs, ino } = await stat(join(folder, name))
      return { name, size, mtimeMs, ino }
    }),
  )
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  return hash.digest('hex')
}
