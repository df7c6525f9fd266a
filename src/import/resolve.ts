import { setImmediate } from 'node:timers/promises'
import type { Library, LibraryFile } from '../models/library.ts'
import type { Candidate, Dependency } from './dependency.ts'
import { compareHashes, type HashMatch, isComparable, isOfType, matchNames, type NameMatches } from './match.ts'
import { parseModelName } from './model-name.ts'

export interface ResolveProgress {
  /** Every dependency, settled or not. */
  readonly dependencies: readonly Dependency[]
  /** Bytes of model files read for their digests so far, and the bytes of those that may have to be read. */
  readonly hashedBytes: number
  readonly bytesToHash: number
}

export interface ResolveOptions {
  readonly signal: AbortSignal
  /** A dependency was settled. */
  readonly onSettled: (progress: ResolveProgress) => Promise<void>
  /** More bytes were read. */
  readonly onHashing: (progress: ResolveProgress) => void
}

/**
 * Finds each dependency among the files of this host: by digests that are known, then by those of files with the
 * right name, then by those of every other file of its type, and by name alone where the prompt names no hash.
 * A name whose digest is a different one is never taken silently: it becomes a candidate.
 */
export async function resolveLocally(
  wanted: readonly Dependency[],
  library: Library,
  options: ResolveOptions,
): Promise<Dependency[]> {
  const dependencies = [...wanted]
  let hashedBytes = 0
  let bytesToHash = 0
  const progress = (): ResolveProgress => ({ dependencies, hashedBytes, bytesToHash })
  const isOpen = (dependency: Dependency): boolean => dependency.status === 'pending'
  const settle = async (at: number, dependency: Dependency): Promise<void> => {
    dependencies[at] = dependency
    await options.onSettled(progress())
  }
  // A thousand models in a prompt times ten thousand files take seconds: others are served in between.
  const yieldToOthers = async (): Promise<void> => {
    await setImmediate()
    options.signal.throwIfAborted()
  }
  const digest = async (file: LibraryFile): Promise<void> => {
    if (isComplete(file)) return
    const before = hashedBytes
    await library.digest(file, options.signal, (done) => {
      hashedBytes = before + done
      options.onHashing(progress())
    })
    hashedBytes = before + file.sizeBytes
  }

  // 1. Digests that are known already, and names where no hash can say more.
  for (const [at, dependency] of dependencies.entries()) {
    if (!isOpen(dependency)) continue
    await yieldToOthers()
    const byHash = bestByHash(dependency, library.files)
    if (byHash !== undefined) await settle(at, resolved(dependency, byHash.file, byHash.match))
    else if (!isComparable(dependency.hashes)) await settle(at, byName(dependency, library.files))
  }

  // 2. Files that have the right name, then the others of the type, until every hash is found.
  const open = dependencies.filter(isOpen)
  const named: LibraryFile[] = []
  for (const dependency of open) {
    await yieldToOthers()
    named.push(...likely(matchNames(dependency, library.files)))
  }
  const types = [...new Set(open.map(({ type }) => type))]
  const others = library.files.filter(({ type }) => types.some((wanted) => isOfType(wanted, type)))
  const toHash = [...new Set([...named, ...others])].filter((file) => !isComplete(file))
  // A file may have several names.
  const bytesOf = new Map(toHash.map(({ path, sizeBytes }) => [path, sizeBytes]))
  bytesToHash = [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0)
  for (const file of toHash) {
    if (!dependencies.some(isOpen)) break
    await digest(file)
    if (file.digests === undefined) continue
    for (const [at, dependency] of dependencies.entries()) {
      if (!isOpen(dependency)) continue
      const byHash = bestByHash(dependency, [file])
      if (byHash !== undefined) await settle(at, resolved(dependency, byHash.file, byHash.match))
    }
  }

  // 3. No file has the hash: what has the name is a conflict, and nothing at all is missing.
  for (const [at, dependency] of dependencies.entries()) {
    if (!isOpen(dependency)) continue
    await yieldToOthers()
    await settle(at, unmatched(dependency, library.files))
  }
  return dependencies
}

/** Nothing more would come of reading it. */
const isComplete = ({ digests }: LibraryFile): boolean => digests !== undefined && digests.incomplete !== true

const likely = ({ exact, sameStem, similar }: NameMatches): LibraryFile[] => [...exact, ...sameStem, ...similar]

function bestByHash(
  dependency: Dependency,
  files: readonly LibraryFile[],
): { file: LibraryFile; match: HashMatch } | undefined {
  const found: { file: LibraryFile; match: HashMatch }[] = []
  for (const file of files) {
    if (file.digests === undefined) continue
    const match = compareHashes(dependency.hashes, file.digests)
    if (match === 'different' || match === 'unknown') continue
    // Short hashes of files in a folder of another kind are chance.
    if (match.startsWith('auto_') && !isOfType(dependency.type, file.type)) continue
    found.push({ file, match })
  }
  if (found.length < 2) return found[0]
  // Copies of one file: the one with the prompt's own name.
  const { exact, sameStem } = matchNames(
    dependency,
    found.map(({ file }) => file),
  )
  return found.find(({ file }) => exact.includes(file)) ?? found.find(({ file }) => sameStem.includes(file)) ?? found[0]
}

function resolved(dependency: Dependency, file: LibraryFile, matchedBy: string): Dependency {
  const { exact } = matchNames(dependency, [file])
  const renamed = exact.length === 0 && dependency.written.length > 0
  return {
    ...dependency,
    ...(file.digests === undefined ? {} : { sha256: file.digests.sha256 }),
    status: 'resolved',
    resolved_path: file.listedPath,
    resolved_source: 'local',
    matched_by: matchedBy,
    reason: renamed ? `The file is on this host under the name ${file.name}` : null,
  }
}

const toCandidate = (file: LibraryFile, why: string): Candidate => ({ path: file.listedPath, name: file.name, why })

const ambiguous = (dependency: Dependency, candidates: readonly Candidate[], reason: string): Dependency => ({
  ...dependency,
  status: 'ambiguous',
  candidates: [...candidates],
  reason,
})

function byName(dependency: Dependency, files: readonly LibraryFile[]): Dependency {
  const { exact, sameStem, similar } = matchNames(dependency, files)
  const only = withWrittenExtension(dependency, exact.length > 0 ? exact : sameStem)
  const first = only[0]
  if (first !== undefined && only.length === 1) {
    return resolved(dependency, first, exact.length > 0 ? 'path' : 'name')
  }
  if (only.length > 1) {
    const candidates = only.map((file) => toCandidate(file, 'has this name'))
    return ambiguous(dependency, candidates, `${only.length} files on this host have this name`)
  }
  if (similar.length > 0) {
    const candidates = similar.map((file) => toCandidate(file, 'has this name but for upper and lower case'))
    return ambiguous(dependency, candidates, 'Only files with a similar name are on this host')
  }
  return missing(dependency, 'No file on this host has this name')
}

/** `mix.safetensors` and `mix.ckpt` side by side: the prompt may say which. */
function withWrittenExtension(dependency: Dependency, files: readonly LibraryFile[]): readonly LibraryFile[] {
  const filenames = new Set(dependency.written.map((name) => parseModelName(name).filename))
  const same = files.filter(({ name }) => filenames.has(parseModelName(name).filename))
  return same.length > 0 ? same : files
}

function unmatched(dependency: Dependency, files: readonly LibraryFile[]): Dependency {
  const names = likely(matchNames(dependency, files))
  if (names.length === 0) return missing(dependency, 'No file on this host has this hash or this name')
  const proved = names.filter(
    ({ digests }) => digests !== undefined && compareHashes(dependency.hashes, digests) === 'different',
  )
  // Eight digits prove nothing when they differ: then the name has to do.
  if (proved.length === 0) {
    if (names.every(({ fault }) => fault === undefined)) return byName(dependency, files)
    const candidates = names.map((file) => toCandidate(file, whyUnproved(file)))
    return ambiguous(dependency, candidates, 'A file on this host has this name, but it could not be read')
  }
  const candidates = names.map((file) => toCandidate(file, 'has this name but another hash'))
  return ambiguous(dependency, candidates, 'A file on this host has this name, but its hash is another one')
}

const whyUnproved = ({ fault }: LibraryFile): string =>
  fault === undefined ? 'has this name' : 'has this name, but could not be read'

const missing = (dependency: Dependency, reason: string): Dependency => ({ ...dependency, status: 'missing', reason })
