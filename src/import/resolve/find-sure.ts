import type { LibraryFile } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency } from '../dependency.ts'
import { parseModelName } from '../model-name.ts'
import { meansOneFile } from '../version-file.ts'
import { compareHashes, type HashMatch, isComparable, matchNames, onePerFile } from './match.ts'

/** By what a file was found; `path`: the name as a UI lists it; `name`: the stem, in another folder. */
export type MatchedBy = HashMatch | 'civitai_version' | 'path' | 'name' | 'output_name'

export interface Found {
  readonly file: LibraryFile
  readonly matchedBy: MatchedBy
}

/**
 * The one of these files that a dependency means: by a hash, by its version at Civitai, or by name alone where the prompt
 * names no hash that hashing could settle. Undefined where more would have to be known.
 */
export function findSure(dependency: Dependency, files: readonly LibraryFile[]): Found | undefined {
  const sure = findByHash(dependency, files) ?? findByVersion(dependency, files)
  return sure !== undefined || isComparable(dependency.hashes) ? sure : findByName(dependency, files)
}

export function findByHash(dependency: Dependency, files: readonly LibraryFile[]): Found | undefined {
  if (dependency.hashes.length === 0) return undefined
  const found: Found[] = []
  for (const file of files) {
    if (file.digests === undefined) continue
    const matchedBy = compareHashes(dependency.hashes, file.digests)
    if (matchedBy === 'different' || matchedBy === 'unknown') continue
    // Short hashes of files in a folder of another kind are chance.
    if (isShort(matchedBy) && !isOfType(dependency.type, file.type)) continue
    found.push({ file, matchedBy })
  }
  const own = withOwnName(
    dependency,
    found.map(({ file }) => file),
  )
  return found.find(({ file }) => file === own)
}

const isShort = (match: HashMatch): boolean => match.startsWith('auto_') || match === 'crc32'

/** A version may have several files, and only those count of which no hash says that they are others. */
function findByVersion(dependency: Dependency, files: readonly LibraryFile[]): Found | undefined {
  if (meansOneFile(dependency.reference)) return undefined
  const ofVersion = filesOfVersion(dependency, files)
  const own = withOwnName(dependency, ofVersion)
  if (own === undefined) return undefined
  const { exact, sameStem } = matchNames(dependency, [own])
  const isNamed = exact.length + sameStem.length > 0
  const isOnly = new Set(ofVersion.map(({ path, digests }) => digests?.sha256 ?? path)).size === 1
  return isNamed || isOnly ? { file: own, matchedBy: 'civitai_version' } : undefined
}

export function filesOfVersion(dependency: Dependency, files: readonly LibraryFile[]): readonly LibraryFile[] {
  const version = dependency.civitai?.version_id
  if (version === undefined) return []
  return files.filter(
    (file) => file.civitaiVersionId === version && isOfType(dependency.type, file.type) && isPossible(dependency, file),
  )
}

/** Whether nothing that is known of the file speaks against it, and nothing is left to be known. */
function isPossible({ hashes }: Dependency, { digests }: LibraryFile): boolean {
  if (digests === undefined) return !isComparable(hashes)
  return compareHashes(hashes, digests) === 'unknown' && !(digests.incomplete === true && isComparable(hashes))
}

/** Of copies, and of the names of one file, the one with the prompt's own name. */
function withOwnName(dependency: Dependency, files: readonly LibraryFile[]): LibraryFile | undefined {
  if (files.length < 2) return files[0]
  const { exact, sameStem } = matchNames(dependency, files)
  return exact[0] ?? sameStem[0] ?? files[0]
}

/** By the name as it is written, letter by letter: it has to be the only one. */
export function findByName(dependency: Dependency, files: readonly LibraryFile[]): Found | undefined {
  const { exact, sameStem, similar } = matchNames(dependency, files)
  const named = withWrittenExtension(dependency, exact.length > 0 ? exact : sameStem)
  const [first] = named
  if (first !== undefined) {
    const isSure = named.length === 1 && !isOther(dependency, first)
    return isSure ? { file: first, matchedBy: exact.length > 0 ? 'path' : 'name' } : undefined
  }
  if (similar.length > 0) return undefined
  const [trained, ...others] = filesByOutputName(dependency, files)
  return trained === undefined || others.length > 0 ? undefined : { file: trained, matchedBy: 'output_name' }
}

/** A hash says that it is another file. */
export const isOther = ({ hashes }: Dependency, { digests }: LibraryFile): boolean =>
  digests !== undefined && compareHashes(hashes, digests) === 'different'

/** `mix.safetensors` and `mix.ckpt` side by side: the prompt may say which. */
export function withWrittenExtension(dependency: Dependency, files: readonly LibraryFile[]): readonly LibraryFile[] {
  if (files.length < 2) return files
  const filenames = new Set(dependency.written.map((name) => parseModelName(name).filename))
  const same = files.filter(({ name }) => filenames.has(parseModelName(name).filename))
  return same.length > 0 ? same : files
}

/** Files that their trainer called so, each once; UIs load LoRAs under that name too. */
export function filesByOutputName(dependency: Dependency, files: readonly LibraryFile[]): readonly LibraryFile[] {
  const stems = new Set(dependency.written.map((name) => parseModelName(name).stem))
  const found = files.filter(
    (file) =>
      file.outputName !== undefined &&
      stems.has(file.outputName) &&
      isOfType(dependency.type, file.type) &&
      isPossible(dependency, file),
  )
  return onePerFile(found)
}
