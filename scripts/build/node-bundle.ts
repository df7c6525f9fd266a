import { cp, mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BunPlugin } from 'bun'
import { commonOptions } from './sources.ts'

/** jsonc-parser's file for Node is UMD: it hands `require` on as an argument, where no bundler can follow. */
const jsoncParser: BunPlugin = {
  name: 'jsonc-parser-esm',
  setup(build) {
    build.onResolve({ filter: /^jsonc-parser$/ }, ({ importer }) => ({
      path: Bun.resolveSync('jsonc-parser/lib/esm/main.js', dirname(importer)),
    }))
  },
}

/** How a bundle for Node is made, whatever its entry. */
export const nodeOptions = {
  target: 'node',
  splitting: true,
  // The native addon and what loads it stay in node_modules, where npm put what this machine needs.
  external: ['@libsql/client', 'libsql', '@libsql/*'],
  plugins: [jsoncParser],
} satisfies Partial<Bun.BuildConfig>

export interface NodeBundle {
  /** What `node` runs. */
  readonly path: string
  /** Of all its files. */
  readonly sizeBytes: number
}

/**
 * Bundles the project in `projectDir` for Node into the folder `outDir`, somewhere below the project: main.js, the
 * parts it loads when they are needed, its workers and the migrations. The folder appears when it is whole; main.js
 * carries the time at which the build began, so that a source saved meanwhile counts as newer.
 * @throws AggregateError of Bun's messages when the sources do not build
 */
export async function buildNodeBundle(projectDir: string, outDir: string): Promise<NodeBundle> {
  const began = new Date()
  const common = await commonOptions(projectDir)
  await mkdir(dirname(outDir), { recursive: true })
  const scratch = await mkdtemp(join(dirname(outDir), '.build-'))
  try {
    const built = join(scratch, 'new')
    const { outputs, logs } = await Bun.build({ ...common, ...nodeOptions, outdir: built })
    for (const log of logs) process.stderr.write(`${log.level}: ${log.message}\n`)
    await cp(join(projectDir, 'drizzle'), join(built, 'drizzle'), { recursive: true })
    const sizes = await Promise.all(outputs.map(async ({ path }) => (await stat(path)).size))
    await utimes(join(built, 'main.js'), began, began)
    // A folder that is not empty cannot be replaced by renaming alone.
    await rename(outDir, join(scratch, 'old')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(built, outDir)
    return { path: join(outDir, 'main.js'), sizeBytes: sizes.reduce((sum, size) => sum + size, 0) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
