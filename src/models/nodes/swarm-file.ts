import { AppError, toAppError } from '../../errors.ts'
import { parseSha256, parseTensorSha256 } from '../../hash/digest.ts'
import { SourceRefused } from '../../net/file-source.ts'
import { downloadPath } from '../../swarm/client.ts'
import { type NodeFileDeps, type NodeFileSource, probeFile } from './node-file.ts'
import type { PeerFileRef } from './peer-entry.ts'

export interface SwarmFileDeps extends NodeFileDeps {
  readonly ref: PeerFileRef & { readonly subtype: string }
}

/**
 * A file of a SwarmUI. Its ranges are right to the end of the file alone (what is asked for with another end, it sends
 * with a wrong length), and it knows its files by their tensors: the bytes before those may be others than elsewhere.
 */
export function createSwarmFile({ fetch, node, ref }: SwarmFileDeps): NodeFileSource {
  const { subtype, filename } = ref
  const tensors = ref.hash.startsWith('0x') ? parseTensorSha256(ref.hash) : undefined

  async function openAs(identifier: string, signal: AbortSignal) {
    const path = downloadPath(subtype, identifier, filename)
    const { response, opened } = await probeFile(
      { fetch, node },
      { dialect: 'swarmui', path, range: 'bytes=0-', signal },
    )
    const said = parseTensorSha256(response.headers.get('x-model-sha256') ?? '')
    if (tensors !== undefined && said !== undefined && said !== tensors) {
      throw new AppError('not_found', `Cannot fetch from ${node.name}: it has another file under that name now`)
    }
    // Only an airkeep that speaks this dialect says so.
    const sha256 = parseSha256(response.headers.get('x-model-file-sha256') ?? '')
    return sha256 === undefined ? opened : { ...opened, sha256 }
  }

  return {
    id: `node:${node.name}`,
    kind: 'remote',
    ranges: 'open_ended',
    async open(signal) {
      try {
        return await openAs(ref.hash, signal)
      } catch (error) {
        signal.throwIfAborted()
        const isFinal = error instanceof SourceRefused || toAppError(error).code === 'rate_limited'
        if (ref.name === undefined || isFinal) throw error
        return openAs(ref.name, signal)
      }
    },
  }
}
