import type { LibraryFile } from '../../models/library.ts'
import type { Candidate, Dependency } from '../dependency.ts'
import {
  type Found,
  filesByOutputName,
  filesOfVersion,
  findByName,
  findSure,
  isOther,
  type MatchedBy,
  withWrittenExtension,
} from './find-sure.ts'
import { isComparable, matchNames } from './match.ts'

/** What came of looking for a dependency, and the file that it rests on. */
export interface Settled {
  readonly dependency: Dependency
  readonly file?: LibraryFile
}

const MATCHES: Readonly<Record<MatchedBy, string>> = {
  sha256: 'its SHA-256',
  tensor_sha256: 'the SHA-256 of its tensors',
  blake3: 'its BLAKE3',
  sha256_12: 'the first digits of its SHA-256',
  auto_v3: 'its AutoV3',
  auto_v2: 'its AutoV2',
  auto_v1: 'its AutoV1',
  crc32: 'its CRC-32',
  civitai_version: 'its version at Civitai',
  path: 'its path',
  name: 'its name',
  output_name: 'the name that its trainer gave it',
}

export function resolved(dependency: Dependency, { file, matchedBy }: Found): Settled {
  const { exact } = matchNames(dependency, [file])
  const renamed = exact.length === 0 && dependency.written.length > 0
  return {
    file,
    dependency: withStep(`Found as ${file.name} by ${MATCHES[matchedBy]}`, {
      ...dependency,
      ...(file.digests === undefined ? {} : { sha256: file.digests.sha256 }),
      status: 'resolved',
      resolved_path: file.listedPath,
      resolved_name: file.name,
      resolved_source: 'local',
      matched_by: matchedBy,
      reason: renamed ? `The file is on this host under the name ${file.name}` : null,
    }),
  }
}

/** When all is known that can be: what only has the name is a conflict, and nothing at all is missing. */
export function settle(dependency: Dependency, files: readonly LibraryFile[]): Settled {
  const sure = findSure(dependency, files)
  if (sure !== undefined) return resolved(dependency, sure)
  const { exact, sameStem, similar } = matchNames(dependency, files)
  const names = [...exact, ...sameStem, ...similar]
  if (names.some((file) => isOther(dependency, file))) {
    const reason = 'A file on this host has this name, but its hash is another one'
    return ambiguous(dependency, names, 'has this name but another hash', reason)
  }
  const isProvable = isComparable(dependency.hashes)
  if (isProvable && names.some(({ fault }) => fault !== undefined)) {
    const candidates = names.map((file) => toCandidate(file, whyUnproved(file)))
    return withCandidates(dependency, candidates, 'A file on this host has this name, but it could not be read')
  }
  // Eight digits prove nothing when they differ: then the name has to do.
  const named = isProvable ? findByName(dependency, files) : undefined
  if (named !== undefined) return resolved(dependency, named)
  const same = withWrittenExtension(dependency, exact.length > 0 ? exact : sameStem)
  if (same.length > 0) {
    return ambiguous(dependency, same, 'has this name', `${same.length} files on this host have this name`)
  }
  if (similar.length > 0) {
    const why = 'has this name but for upper and lower case'
    return ambiguous(dependency, similar, why, 'Only files with a similar name are on this host')
  }
  const trained = filesByOutputName(dependency, files)
  if (trained.length > 0) {
    const reason = `The trainers of ${trained.length} files on this host gave them this name`
    return ambiguous(dependency, trained, 'was given this name by its trainer', reason)
  }
  const ofVersion = filesOfVersion(dependency, files)
  if (ofVersion.length > 0) {
    const reason = `${ofVersion.length} files on this host are of this version at Civitai`
    return ambiguous(dependency, ofVersion, 'is of this version at Civitai', reason)
  }
  return missing(dependency, isProvable)
}

/** What nothing has the name of, and these a part of it. */
export const partlyNamed = (dependency: Dependency, files: readonly LibraryFile[]): Dependency =>
  ambiguous(dependency, files, 'has a part of this name', 'Only files with a part of its name are on this host')
    .dependency

/** A job is stored, and sent with each event: more than these nobody looks through. */
const MAX_CANDIDATES = 50

function ambiguous(dependency: Dependency, files: readonly LibraryFile[], why: string, reason: string): Settled {
  const candidates = files.map((file) => toCandidate(file, why))
  return withCandidates(dependency, candidates, reason)
}

const withCandidates = (dependency: Dependency, candidates: readonly Candidate[], reason: string): Settled => ({
  dependency: withStep(reason, {
    ...dependency,
    status: 'ambiguous',
    candidates: candidates.slice(0, MAX_CANDIDATES),
    reason,
  }),
})

const toCandidate = (file: LibraryFile, why: string): Candidate => ({ path: file.listedPath, name: file.name, why })

const whyUnproved = ({ fault }: LibraryFile): string =>
  fault === undefined ? 'has this name' : 'has this name, but could not be read'

function missing(dependency: Dependency, isProvable: boolean): Settled {
  const { written, civitai } = dependency
  const had = [...(isProvable ? ['this hash'] : []), ...(written.length > 0 ? ['this name'] : [])].join(' or ')
  const known = [
    ...(had === '' ? [] : [`has ${had}`]),
    ...(civitai?.version_id === undefined ? [] : ['is of this version at Civitai']),
  ]
  const reason = `No file on this host ${known.length === 0 ? 'is known to be it' : known.join(' or ')}`
  return { dependency: withStep(reason, { ...dependency, status: 'missing', reason }) }
}

export const withStep = (result: string, dependency: Dependency): Dependency => ({
  ...dependency,
  steps: [...(dependency.steps ?? []), { step: 'local', result }],
})
