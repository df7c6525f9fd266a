import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'

/**
 * Runs a program that writes `folder` and says whether that left every byte as it was. Where it did not, the names are
 * printed and the folder is put back: checking changes nothing.
 */
export async function isUnchangedBy([program, ...args]: readonly string[], folder: string): Promise<boolean> {
  if (program === undefined) throw new TypeError('no program to run')
  const scratch = await mkdtemp(join(tmpdir(), 'airkeep-check-'))
  try {
    const kept = join(scratch, 'kept')
    await cp(folder, kept, { recursive: true, preserveTimestamps: true })
    const succeeded = await run(program, ...args)
    const changed = await differences(kept, folder)
    if (!succeeded || changed.length > 0) {
      await rm(folder, { recursive: true })
      await cp(kept, folder, { recursive: true, preserveTimestamps: true })
    }
    for (const path of changed) process.stderr.write(`${join(folder, path)} is not what its generator writes\n`)
    return succeeded && changed.length === 0
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Paths below two folders that are in one of them only, or whose bytes differ. */
export async function differences(before: string, after: string): Promise<string[]> {
  const [old, now] = await Promise.all([readTree(before), readTree(after)])
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort()
  return paths.filter((path) => !sameBytes(old.get(path), now.get(path)))
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a !== undefined && b !== undefined && a.equals(b)
}

async function readTree(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const path of await readdir(folder, { recursive: true })) {
    const absolute = join(folder, path)
    if ((await stat(absolute)).isFile()) files.set(path, await readFile(absolute))
  }
  return files
}
