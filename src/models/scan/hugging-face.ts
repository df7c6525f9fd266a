import { basename } from 'node:path'
import type { Folder } from './found.ts'

/**
 * Repositories of the Hugging Face cache: `models--org--repo/{blobs,refs,snapshots}`. The files of a snapshot are links
 * to blobs that are named for their content: the SHA-256 of what is stored as a large file, a git digest of the rest.
 */
const REPOSITORY = /^(?:models|datasets|spaces)--/

/** Its blobs are what the snapshots list under their names. */
export const holdsOnlySnapshots = ({ listed }: Pick<Folder, 'listed'>, folders: readonly string[]): boolean =>
  REPOSITORY.test(basename(listed)) && folders.includes('snapshots')

/** Whether the cache's own rules hold somewhere on this path below a root. */
export const isInRepository = (path: string): boolean => /(?:^|\/)(?:models|datasets|spaces)--[^/]/.test(path)

/** What no walk enters: whatever is written there shows in a snapshot when it is whole. */
export const isCacheStore = (path: string): boolean =>
  /(?:^|\/)(?:models|datasets|spaces)--[^/]+\/(?:blobs|refs)(?:\/|$)/.test(path)

const BLOB = /\/(?:models|datasets|spaces)--[^/]+\/blobs\/([0-9a-f]{64})$/

/** The digest that the blob at this real path is named for. */
export function blobSha256(path: string): string | undefined {
  return path.includes('/blobs/') ? BLOB.exec(path)?.[1] : undefined
}
