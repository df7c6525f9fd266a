import { basename } from 'node:path'
import type { LocalFiles } from '../../access/local-files.ts'
import { isAppError } from '../../errors.ts'
import type { Library, LibraryFile } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Actor } from '../../operation/permission.ts'
import type { Dependency } from '../dependency.ts'
import { parseModelName } from '../model-name.ts'
import { compareHashes } from '../resolve/match.ts'
import { type Choice, choiceFor } from './choice.ts'

export interface ApplyChoicesOptions {
  readonly library: Library
  /** Undefined: nobody can choose a file. */
  readonly localFiles: LocalFiles | undefined
  readonly actor: Actor
  readonly signal: AbortSignal
}

/**
 * Settles what somebody decided before anything is looked for: a file of this host, or that it is left out. What is to
 * be fetched from a place of their choice is missing here, whatever has its name.
 * @throws the signal's reason
 */
export async function applyChoices(
  dependencies: readonly Dependency[],
  choices: readonly Choice[],
  options: ApplyChoicesOptions,
): Promise<readonly Dependency[]> {
  if (choices.length === 0) return dependencies
  const applied: Dependency[] = []
  for (const dependency of dependencies) {
    options.signal.throwIfAborted()
    const choice = choiceFor(choices, dependency)
    applied.push(choice === undefined ? dependency : await apply(dependency, choice, options))
  }
  return applied
}

async function apply(dependency: Dependency, choice: Choice, options: ApplyChoicesOptions): Promise<Dependency> {
  const { path, air, url, sha256, tensor_sha256: tensors, node, name } = choice
  if (path !== undefined) return applyPath(dependency, path, options)
  const digest = sha256 ?? tensors
  const elsewhere =
    air ??
    url ??
    (node === undefined ? undefined : `What ${node} has under the name ${name}`) ??
    (digest === undefined ? undefined : `The file with the digest ${digest.slice(0, 12)}…`)
  if (elsewhere === undefined) return { ...dependency, status: 'skipped', reason: 'Left out by choice', candidates: [] }
  const reason = `${elsewhere} was chosen, which is not on this host`
  return { ...dependency, status: 'missing', reason, candidates: [] }
}

async function applyPath(dependency: Dependency, path: string, options: ApplyChoicesOptions): Promise<Dependency> {
  const file = await findFile(path, options)
  if (typeof file === 'string') return { ...dependency, status: 'failed', reason: file }
  if (!isOfType(dependency.type, file.type)) {
    const reason = `The chosen file lies in a folder for ${file.type}, and this is a ${dependency.type}`
    return { ...dependency, status: 'failed', reason }
  }
  await options.library.digest(file)
  const { digests, fault, listedPath, name } = file
  if (digests === undefined) {
    return { ...dependency, status: 'failed', reason: `The chosen file could not be read: ${fault ?? 'it is gone'}` }
  }
  const isOther = compareHashes(dependency.hashes, digests) === 'different'
  return {
    ...dependency,
    sha256: digests.sha256,
    status: 'resolved',
    resolved_path: listedPath,
    resolved_name: name,
    resolved_source: 'local',
    matched_by: 'choice',
    candidates: [],
    reason: isOther ? 'It was chosen, though its hash is not the one that the prompt names' : null,
  }
}

/** The file, or why there is none: who sees the job is not told what was named. */
async function findFile(given: string, { localFiles, library, actor }: ApplyChoicesOptions) {
  let real: string
  try {
    if (localFiles === undefined) return NOT_HERE
    real = (await localFiles.find(given, actor)).path
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.code === 'not_found' ? 'The chosen file is not there any more' : NOT_HERE
  }
  await library.look()
  const stems = [given, real].map((path) => parseModelName(basename(path)).stem)
  const spellings = stems.flatMap((stem) => [stem, stem.normalize('NFC'), stem.normalize('NFD')])
  const found = await library.find({
    digests: [],
    beginnings: [],
    shorts: [],
    versions: [],
    stems: [...new Set(spellings.map((stem) => stem.toLowerCase()))],
  })
  const same = found.filter(({ path }) => path === real)
  const file: LibraryFile | undefined = same.find(({ listedPath }) => listedPath === given) ?? same[0]
  if (file === undefined) return NOT_HERE
  return (await library.confirm(file)) ? file : 'The chosen file is not a model that can be loaded'
}

const NOT_HERE = 'The chosen file is not among the models of this host: it has to lie below a model folder'
