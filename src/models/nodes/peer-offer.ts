import type { Offer } from '../fetch/wanted.ts'
import type { PeerFileRef } from './peer-entry.ts'
import type { PeerMatch } from './peer-index.ts'

/** What a node has as something that can be fetched. */
export function toOffer(node: string, ref: PeerFileRef, { entry, matchedBy }: PeerMatch): Offer {
  const { filename, types, sizeBytes, sha256, tensorSha256, civitai, key, title, license } = entry
  // Of several that a kind of SwarmUI's stands for it is most likely the first.
  const [type = 'other'] = types
  return {
    source: 'remote',
    node,
    ref: { kind: 'node', node, ...ref },
    filename,
    matched_by: matchedBy,
    ...(type === 'other' ? {} : { type }),
    ...(sizeBytes === undefined ? {} : { size_bytes: sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(tensorSha256 === undefined ? {} : { tensor_sha256: tensorSha256 }),
    ...(civitai === undefined ? {} : { civitai }),
    ...(key === undefined ? {} : { air: key }),
    ...(title === undefined ? {} : { title }),
    facts: license === undefined ? {} : { license },
  }
}
