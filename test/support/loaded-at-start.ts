import { join } from 'node:path'
import { commonOptions } from '../../scripts/build/sources.ts'

const projectDir = join(import.meta.dirname, '../..')

export interface Loaded {
  /** Files of the project and of packages, from the project's root. */
  readonly files: readonly string[]
  /** Modules of the runtime, without `node:`. */
  readonly builtins: readonly string[]
  /** Of the files, as they are bundled. */
  readonly bytes: number
}

/**
 * What `roots`, and whatever they import other than by `import()`, load when they are loaded: as the bundler sees it,
 * which leaves out types and what nobody uses.
 */
export async function whatLoads(roots: readonly string[]): Promise<Loaded> {
  const common = await commonOptions(projectDir)
  const { metafile } = await Bun.build({
    ...common,
    target: 'bun',
    splitting: true,
    minify: { whitespace: true, syntax: true, identifiers: false },
    metafile: true,
    // It asks for its addon by a computed name; the real build replaces that.
    external: ['libsql'],
  })
  if (metafile === undefined) throw new Error('Bun gave no metafile')
  const sizes = new Map<string, number>()
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      sizes.set(path, (sizes.get(path) ?? 0) + bytesInOutput)
    }
  }
  const files = new Set(roots)
  const builtins = new Set<string>()
  // A set is walked on into what is added to it meanwhile.
  for (const file of files) {
    const input = metafile.inputs[file]
    if (input === undefined) throw new Error(`The bundle does not hold ${file}`)
    for (const { path, kind, external } of input.imports) {
      if (kind === 'dynamic-import') continue
      if (metafile.inputs[path] !== undefined) files.add(path)
      else if (external === true) builtins.add(path.replace(/^node:/, ''))
    }
  }
  const bytes = [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0)
  return { files: [...files].sort(), builtins: [...builtins].sort(), bytes }
}
