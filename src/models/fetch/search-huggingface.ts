import { compareHashes } from '../../civitai/wanted-hash.ts'
import { parseSha256, type Sha256 } from '../../hash/digest.ts'
import type { HuggingFace } from '../../huggingface/client.ts'
import type { FileAt, HubCall, RepoAt } from '../../huggingface/hub.ts'
import { modelExtension } from '../model-file.ts'
import type { Looked } from './looked.ts'
import type { Offer, WantedModel } from './wanted.ts'

/** The file that an AIR or an address of Hugging Face names, or the one of a repository that it can only be. */
export async function searchHuggingFace(
  { repo, revision, path }: RepoAt & { readonly path?: string | undefined },
  wanted: WantedModel,
  hub: HuggingFace,
  call: HubCall,
  matchedBy = 'huggingface',
): Promise<Looked> {
  if (path !== undefined) return offerFile({ repo, revision, path }, wanted, hub, call, matchedBy)
  const sha256 = wanted.hashes.find(({ algorithm }) => algorithm === 'sha256')?.value
  const sought = { sha256: sha256 === undefined ? undefined : parseSha256(sha256), names: wanted.names, isModel }
  const { file, candidates } = await hub.findFile({ repo, revision }, sought, call)
  if (file !== undefined) return offerFile({ repo, revision, path: file.path }, wanted, hub, call, matchedBy)
  if (candidates.length === 0) return { offers: [], result: `${repo} has no such model` }
  return {
    offers: [],
    result: `${repo} has ${candidates.length} models that it could be`,
    candidates: candidates.slice(0, MOST_CANDIDATES).map((one) => ({
      url: addressOf({ repo, revision, path: one.path }),
      name: one.path,
      why: `is a model of the repository ${repo}`,
    })),
  }
}

/** Repositories have thousands of files. */
const MOST_CANDIDATES = 50

const isModel = (path: string): boolean => modelExtension(path) !== undefined

const addressOf = ({ repo, revision, path }: FileAt): string => {
  const parts = [revision, ...path.split('/')].map((part) => encodeURIComponent(part.toWellFormed()))
  return `https://huggingface.co/${repo}/resolve/${parts.join('/')}`
}

async function offerFile(
  where: FileAt,
  wanted: WantedModel,
  hub: HuggingFace,
  call: HubCall,
  matchedBy: string,
): Promise<Looked> {
  const { repo, revision, path } = where
  const file = await hub.getFile(where, call)
  if (file.sha256 !== undefined && isOther(wanted.hashes, file.sha256)) {
    return contradicting(`${path} of ${repo}`, wanted, file.sha256)
  }
  const { license, gated } = await hub.getRepo(repo, call)
  const offer: Offer = {
    source: 'huggingface',
    // At its commit: what is decided now is what is fetched later.
    ref: { kind: 'huggingface', repo, revision: file.commit ?? revision, path },
    filename: path.slice(path.lastIndexOf('/') + 1),
    ...(file.sizeBytes === undefined ? {} : { size_bytes: file.sizeBytes }),
    ...(file.sha256 === undefined ? {} : { sha256: file.sha256 }),
    matched_by: matchedBy,
    facts: { license, ...(gated === false ? {} : { gated }) },
  }
  return { offers: [offer], result: `${repo} has it at ${path}` }
}

const isOther = (hashes: WantedModel['hashes'], sha256: Sha256): boolean =>
  compareHashes(hashes, { sha256 }) === 'different'

/** Both digests are named: either may be the mistake. */
function contradicting(what: string, { hashes }: WantedModel, sha256: Sha256): Looked {
  const wanted = hashes.find((hash) => isOther([hash], sha256))?.value ?? ''
  const result = `${what} has the SHA-256 ${sha256.slice(0, 12)}…, not the wanted ${wanted.slice(0, 12)}…`
  return { offers: [], result, contradiction: result }
}
