import { type CivitaiFileDeps, createCivitaiFileSource } from '../../civitai/file-source.ts'
import type { HuggingFace } from '../../huggingface/client.ts'
import { createHuggingFaceFileSource } from '../../huggingface/file-source.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import { createUrlFileSource } from '../../net/url-file-source.ts'
import type { Actor } from '../../operation/permission.ts'
import type { Peers } from '../nodes/peers.ts'
import type { OpenSource } from './downloads.ts'
import type { UpstreamKeys } from './upstream-keys.ts'

export interface OpenSourceDeps {
  readonly fetch: GuardedFetch
  readonly peers: Pick<Peers, 'source'>
  readonly civitai: CivitaiFileDeps
  readonly huggingFace: Pick<HuggingFace, 'getFile'>
  readonly keys: Pick<UpstreamKeys, 'find'>
  /** Where addresses that this caller names may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  /** Servers of the owner's own, which may be private and answer without TLS. */
  readonly allowPrivate: readonly string[]
}

/** Makes sources of what a job has stored; the caller's keys are asked for when the source is opened. */
export function createOpenSource(deps: OpenSourceDeps): OpenSource {
  const { fetch, peers, civitai, huggingFace, keys, hostsFor, allowPrivate } = deps
  return async (ref, { actor, trace }) => {
    const traced = trace === undefined ? {} : { trace }
    switch (ref.kind) {
      case 'node':
        return peers.source(ref)
      case 'civitai': {
        const token = () => keys.find('civitai', actor)
        const { version_id: versionId, file_id: fileId, file_type: fileType, verifiable: isVerifiable } = ref
        return createCivitaiFileSource(civitai, { versionId, fileId, fileType, isVerifiable, token })
      }
      case 'huggingface': {
        const { repo, revision, path } = ref
        const token = await keys.find('huggingface', actor)
        return createHuggingFaceFileSource({ getFile: huggingFace.getFile }, { repo, revision, path, token, ...traced })
      }
      case 'url': {
        const hosts = hostsFor(ref.named_by === undefined ? actor : { ...actor, kind: ref.named_by })
        return createUrlFileSource({ fetch }, { url: ref.url, hosts, allowPrivate, ...traced })
      }
    }
  }
}
