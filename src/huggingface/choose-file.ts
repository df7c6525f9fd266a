import type { Sha256 } from '../hash/digest.ts'
import type { RepoFile } from './tree.ts'

/** What is known of a file of which a reference names the repository alone. */
export interface FileSought {
  readonly sha256?: Sha256 | undefined
  /** As sources write them; folders in them narrow the choice. */
  readonly names?: readonly string[]
  /** Whether a path is that of a model, and not of a picture, a text or a script. */
  readonly isModel: (path: string) => boolean
}

export interface FileChoice {
  /** The one that it has to be. */
  readonly file: RepoFile | undefined
  /** Where it could be several: the ones among which somebody may choose. */
  readonly candidates: readonly RepoFile[]
}

/**
 * The file with the digest; else the one of that path or name; else the only model of the repository. Files with the
 * same digest are one.
 */
export function chooseFile(files: readonly RepoFile[], { sha256, names = [], isModel }: FileSought): FileChoice {
  const models = files.filter(({ path }) => isModel(path))
  if (sha256 !== undefined) {
    const same = files.find((file) => file.sha256 === sha256)
    if (same !== undefined) return { file: same, candidates: [] }
    // Of a file without a digest it is not known.
    return { file: undefined, candidates: models.filter((file) => file.sha256 === undefined) }
  }
  for (const fits of [isAt(names), isCalled(names), () => true]) {
    const found = models.filter(({ path }) => fits(path))
    const [first] = found
    if (first === undefined) continue
    const isOne = found.every((file) => file === first || (file.sha256 !== undefined && file.sha256 === first.sha256))
    return isOne ? { file: first, candidates: [] } : { file: undefined, candidates: found }
  }
  return { file: undefined, candidates: [] }
}

type Fits = (path: string) => boolean

const withSlashes = (name: string): string =>
  name
    .trim()
    .replaceAll('\\', '/')
    .replace(/^(?:\.?\/)+/, '')

/** The whole path, or its end from a folder on. */
function isAt(names: readonly string[]): Fits {
  const wanted = names.map(withSlashes).filter((name) => name !== '')
  return (path) => wanted.some((name) => path === name || (name.includes('/') && path.endsWith(`/${name}`)))
}

function isCalled(names: readonly string[]): Fits {
  const wanted = new Set(names.map((name) => lastPart(withSlashes(name))))
  return (path) => wanted.has(lastPart(path))
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
