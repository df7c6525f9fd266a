import { isCivitdlName, readCivitdlName } from '../civitdl-name.ts'
import type { ExpectedFile } from '../expected-file.ts'
import { countedPath } from './host-files.ts'
import type { HostFile, HostIndex } from './host-index.ts'
import type { Evidence } from './page-check.ts'
import { nameOf } from './paths.ts'

/** A file of a host that may be the expected one, by the weightiest that tells so. */
export interface Match {
  readonly file: HostFile
  readonly evidence: Evidence
}

/**
 * A page's size is rounded, and of GB and GiB nobody knows which is meant: a file this near to it has it.
 */
const SAME_SIZE = 0.08

export const isSizeOf = (claimed: number, sizeBytes: number): boolean =>
  Math.abs(claimed - sizeBytes) <= SAME_SIZE * Math.max(claimed, sizeBytes)

/** Every file that may be the expected one, each once, the weightiest evidence first. */
export function matchesOf(expected: ExpectedFile, index: HostIndex): readonly Match[] {
  const matches = new Map<HostFile, Evidence>()
  const add = (files: readonly HostFile[], evidence: Evidence): void => {
    for (const file of files) if (!matches.has(file)) matches.set(file, evidence)
  }
  const { sha256, names, civitdl, source, claimed_size_bytes: claimed } = expected
  if (sha256 !== undefined) add(index.bySha256(sha256), 'sha256')
  addByCivitai(expected, index, add)
  const named = names.flatMap((name) => index.byName(name))
  if (claimed !== undefined) {
    add(
      named.filter(({ sizeBytes }) => isSizeOf(claimed, sizeBytes)),
      'name_and_size',
    )
  }
  add(named, 'name')
  const version = (civitdl ?? (source.kind === 'civitai' ? source : {})).version_id
  if (version !== undefined) {
    // What is known to be another version only happens to have that number.
    const isOther = ({ civitaiVersionId: known }: HostFile): boolean => known !== undefined && known !== version
    const files = index.byNumber(version).filter((file) => !isOther(file))
    add(files, 'version_in_name')
  }
  return [...matches].map(([file, evidence]) => ({ file, evidence }))
}

function addByCivitai(
  { civitdl, source }: ExpectedFile,
  index: HostIndex,
  add: (files: readonly HostFile[], evidence: Evidence) => void,
): void {
  const ids = civitdl ?? (source.kind === 'civitai' ? source : {})
  const { model_id: modelId, version_id: versionId } = ids
  if (versionId !== undefined) {
    add(
      index.byVersion(versionId).filter((file) => {
        const name = nameOf(countedPath(file))
        // What its name says outweighs what a sidecar says of it.
        return readCivitdlName(name) === undefined || isCivitdlName(name, ids)
      }),
      'civitdl_version',
    )
  } else if (modelId !== undefined && civitdl !== undefined) add(index.byModel(modelId), 'civitdl_model')
}
