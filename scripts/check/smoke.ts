import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'

/** Starts dist/airkeep alone in an empty folder with an empty environment: it must know its version and end well. */
export async function smokeExecutable(projectDir: string): Promise<boolean> {
  const { version } = v.parse(
    v.object({ version: v.string() }),
    JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')),
  )
  const folder = await mkdtemp(join(tmpdir(), 'airkeep-smoke-'))
  try {
    const alone = join(folder, 'airkeep')
    await copyFile(join(projectDir, 'dist/airkeep'), alone)
    const child = Bun.spawn([alone, 'version', '--data', join(folder, 'data')], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin' },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
      timeout: 30_000, // a binary that spins must not hold the gate
    })
    const printed = await new Response(child.stdout).text()
    const code = await child.exited
    if (code === 0 && printed.includes(version)) return true
    process.stderr.write(`airkeep version ended with ${code} and printed ${JSON.stringify(printed)}, not ${version}\n`)
    return false
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
