import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder that holds package.json. */
export const projectDir = dirname(dirname(import.meta.dirname))

/** What .gitignore names at the top, and git's own folder. */
const untracked = new Set(['.git', 'node_modules', 'dist', '.airkeep'])
/** A compiler that was killed leaves its `.….bun-build` behind. */
const untrackedSuffixes = ['.log', '.bun-build']

/** Paths of the files that belong to the project, below `root`, with forward slashes, sorted. */
export function projectFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter(({ name }) => !untracked.has(name) && !untrackedSuffixes.some((suffix) => name.endsWith(suffix)))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(root, entry.name), { recursive: true, withFileTypes: true })
            .filter((below) => below.isFile())
            .map((below) => join(below.parentPath, below.name).slice(root.length + 1))
        : [entry.name],
    )
    .sort()
}
