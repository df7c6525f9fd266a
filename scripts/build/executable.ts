import { mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { findAddon } from './addon.ts'
import { libsqlPlugin } from './libsql-plugin.ts'
import { commonOptions } from './sources.ts'
import type { BuildTarget } from './targets.ts'

export interface Executable {
  readonly path: string
  readonly sizeBytes: number
}

/**
 * Compiles the project in `projectDir` to one file at `outFile` for `target`. The file appears under its name only
 * when it is whole, and carries the time at which the build began, so that a source saved meanwhile counts as newer.
 *
 * @throws AggregateError of Bun's messages when the sources do not build; Error when libSQL was not bundled.
 */
export async function buildExecutable(projectDir: string, outFile: string, target: BuildTarget): Promise<Executable> {
  const began = new Date()
  const common = await commonOptions(projectDir)
  const libsql = libsqlPlugin(await findAddon(projectDir, target.addonPlatform))
  await mkdir(dirname(outFile), { recursive: true })
  const scratch = await mkdtemp(join(dirname(outFile), '.build-'))
  try {
    // The name is the executable's own in stack traces, so the temporary part is the folder.
    const built = join(scratch, basename(outFile))
    const result = await Bun.build({
      ...common,
      target: 'bun',
      splitting: true, // what is loaded late is not read at start: 12 ms of processor time, 4 MB
      bytecode: true, // start to first answer 115-160 ms without, 45-70 with it
      minify: { whitespace: true, syntax: true, identifiers: false, keepNames: true }, // 0.1 MB for readable traces
      compile: {
        outfile: built,
        assets: [`./${relative(process.cwd(), join(projectDir, 'drizzle'))}`],
        // Started inside a shared model folder, it must not run what lies there.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
        ...(target.runtime === undefined ? {} : { target: target.runtime }),
      },
      plugins: [libsql.plugin],
    })
    for (const log of result.logs) process.stderr.write(`${log.level}: ${log.message}\n`)
    if (!libsql.applied()) throw new Error('libSQL is not in the bundle: node_modules/libsql/index.js was never read')
    const { size } = await stat(built)
    await utimes(built, began, began)
    await rename(built, outFile)
    return { path: outFile, sizeBytes: size }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
