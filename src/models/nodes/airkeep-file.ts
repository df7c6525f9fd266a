import { AppError } from '../../errors.ts'
import type { AirkeepPeer } from './airkeep-peer.ts'
import { type ChunkList, type NodeFileDeps, type NodeFileSource, probeFile } from './node-file.ts'

export interface AirkeepFileDeps extends NodeFileDeps {
  readonly peer: AirkeepPeer
  /** Of the whole file: 64 lower-case hex. */
  readonly sha256: string
}

/** A file of a node of our own protocol. Its strong ETag is its digest. */
export function createAirkeepFile({ fetch, node, peer, sha256 }: AirkeepFileDeps): NodeFileSource {
  return {
    id: `node:${node.name}`,
    kind: 'remote',
    ranges: 'bounded',
    async open(signal) {
      // Who stands there may have changed since the file was found.
      if (!peer.isVerified) await peer.ask(sha256, { signal })
      const path = `/v1/models/download?hash=${sha256}`
      const { response, opened } = await probeFile(
        { fetch, node },
        { dialect: 'airkeep', path, range: 'bytes=0-0', signal },
      )
      const said = response.headers.get('x-model-sha256') ?? sha256
      if (said === sha256) return { ...opened, sha256 }
      throw new AppError('upstream_unavailable', `Cannot fetch from ${node.name}: it hands out another file`)
    },
    async chunkHashes(signal) {
      const { models } = await peer.ask(sha256, { signal, chunks: true })
      const model = models.find((one) => one.sha256 === sha256)
      return model?.chunks === undefined ? undefined : checked(model.chunks, model.size)
    },
  }
}

/** Undefined for chunks that do not make up the file. */
function checked(
  { size, count, hashes }: ChunkList & { readonly count: number },
  fileBytes: number,
): ChunkList | undefined {
  const expected = Math.ceil(fileBytes / size)
  return count === expected && hashes.length === expected ? { size, hashes } : undefined
}
