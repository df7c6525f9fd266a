import { MAX_DIGESTS, type VersionId } from '../civitai/model-ids.ts'
import { type CivitaiModels, MAX_MODELS } from '../civitai/models.ts'
import type { ModelRequestOptions } from '../civitai/wire.ts'
import type { Log } from '../lib/log.ts'
import { createLabelStore, type FoundDigest, type LabelStoreDeps } from './label-store.ts'

/** Numbers of distinct digests. */
export interface Identified {
  /** Those that Civitai was asked for; known, unknown and failed together. */
  readonly asked: number
  readonly known: number
  readonly unknown: number
  /** Known there, but nobody could be made to say under which name. */
  readonly failed: number
}

export interface IdentifyOptions extends ModelRequestOptions {
  /** `total` is how many digests there are to ask for. */
  readonly onProgress?: (progress: Identified & { readonly total: number }) => void
}

export interface Identifier {
  /**
   * Asks Civitai what this host's files are, by their SHA-256, and stores it. Sends nothing else, and is to be called
   * only when somebody asked for it. Files that were asked for lately are left out, so a run that was cancelled or
   * failed goes on where it stopped: each batch is committed.
   * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled, and what Db.write throws
   */
  identify(options: IdentifyOptions): Promise<Identified>
}

export interface IdentifierDeps extends LabelStoreDeps {
  readonly civitai: CivitaiModels
  readonly log: Log
}

export function createIdentifier({ civitai, log, ...deps }: IdentifierDeps): Identifier {
  const store = createLabelStore(deps)
  return {
    async identify({ onProgress, ...options }) {
      const digests = await store.digestsToAsk(options.signal)
      const sum = { asked: 0, known: 0, unknown: 0, failed: 0 }
      const report = (): void => onProgress?.({ ...sum, total: digests.length })
      report()
      for (let from = 0; from < digests.length; from += MAX_DIGESTS) {
        const batch = digests.slice(from, from + MAX_DIGESTS)
        const found = await civitai.findVersionIds(batch, options)
        const unknown = batch.filter((digest) => !found.has(digest))
        await store.keepUnknown(unknown)
        sum.asked += unknown.length
        sum.unknown += unknown.length
        report()
        for (const group of byModels(found)) {
          const versions = new Map(group.map(([, version]) => [version.versionId, version]))
          const labels = await civitai.fetchLabels([...versions.values()], options)
          await store.keepLabels(group, labels)
          const known = group.filter(([, { versionId }]) => labels.has(versionId)).length
          sum.asked += group.length
          sum.known += known
          sum.failed += group.length - known
          report()
        }
      }
      log.info({ ...options.trace, ...sum }, 'asked Civitai what the model files are')
      return sum
    },
  }
}

/** Digests in groups of as many models as one request names. */
function* byModels(found: ReadonlyMap<string, VersionId>): Generator<readonly FoundDigest[]> {
  const models = new Map<string, FoundDigest[]>()
  for (const entry of found) {
    const [, { modelId, versionId }] = entry
    const key = modelId === undefined ? `version ${versionId}` : String(modelId)
    const entries = models.get(key)
    if (entries === undefined) models.set(key, [entry])
    else entries.push(entry)
  }
  const groups = [...models.values()]
  for (let from = 0; from < groups.length; from += MAX_MODELS) yield groups.slice(from, from + MAX_MODELS).flat()
}
