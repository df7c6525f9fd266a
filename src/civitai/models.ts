import { isAppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import { SourceRefused } from '../net/file-source.ts'
import { createCivitaiHosts } from './hosts.ts'
import { createLabelSet, type LabelSet } from './label-set.ts'
import { findVersionIds, type VersionId } from './model-ids.ts'
import type { ModelLabel } from './model-label.ts'
import { type CivitaiRequestDeps, NOT_THERE, requestJson } from './request.ts'
import { askSibling, type ModelRequestOptions, nextCursorIn } from './wire.ts'

/** Civitai's public API, as much of it as naming model files needs. */
export interface CivitaiModels {
  /** As {@link findVersionIds}. */
  findVersionIds(sha256s: Iterable<string>, options: ModelRequestOptions): Promise<Map<string, VersionId>>
  /**
   * What versions are called, by version. One request for a hundred models; versions that no list shows are asked for
   * one by one, and those that nobody shows are left out.
   * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled
   */
  fetchLabels(versions: readonly VersionId[], options: ModelRequestOptions): Promise<Map<number, ModelLabel>>
}

export interface CivitaiModelsDeps extends CivitaiRequestDeps {
  /** `https://civitai.com` or a mirror of it. */
  readonly baseUrl: string
}

/** Models of one request. */
export const MAX_MODELS = 100

/** A list may come in parts; more would be a server that goes on for ever. */
const MAX_PAGES = 5

/** Models with many versions and pictures take 100 KB each; parsing more at once would hold up everything else. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20

/** So many versions in a row that cannot be had mean that the whole site is in trouble. */
const MAX_FAILURES = 3

export function createCivitaiModels(deps: CivitaiModelsDeps): CivitaiModels {
  const hosts = createCivitaiHosts(deps.baseUrl)
  const bounded = { maxAnswerBytes: MAX_ANSWER_BYTES, ...deps }

  /** Undefined for 404. */
  async function get(url: URL, { signal, token, trace }: ModelRequestOptions): Promise<unknown> {
    const own = hosts.tokenFor(url, token)
    const answer = await requestJson({ url, hosts: hosts.allowed, signal, token: own, trace }, bounded)
    return answer === NOT_THERE ? undefined : answer
  }

  async function readPages(
    origin: URL,
    ids: readonly number[],
    labels: LabelSet,
    options: ModelRequestOptions,
  ): Promise<void> {
    const url = hosts.api(origin, '/models')
    url.searchParams.set('ids', ids.join(','))
    url.searchParams.set('limit', String(MAX_MODELS))
    // Else models with mature content are not shown.
    url.searchParams.set('nsfw', 'true')
    const missing = new Set(ids)
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { items, cursor } = readList(await get(url, options))
      for (const item of items) missing.delete(labels.takeModel(item) ?? 0)
      // A complete answer names a next page too.
      if (missing.size === 0 || items.length === 0 || cursor === undefined) return
      url.searchParams.set('cursor', cursor)
    }
  }

  async function askLists(
    origin: URL,
    ids: readonly number[],
    labels: LabelSet,
    options: ModelRequestOptions,
    size: number = MAX_MODELS,
  ): Promise<void> {
    for (let from = 0; from < ids.length; from += size) {
      const some = ids.slice(from, from + size)
      try {
        await readPages(origin, some, labels, options)
      } catch (error) {
        if (!isTooLarge(error) || some.length < 2) throw error
        await askLists(origin, some, labels, options, Math.ceil(some.length / 2))
      }
    }
  }

  /** The model's own page shows what lists leave out; the version's page shows more still, but no licence. */
  async function askOneByOne({ versionId, modelId }: VersionId, labels: LabelSet, options: ModelRequestOptions) {
    const askModel = async (id: number | null | undefined): Promise<void> => {
      if (id == null || labels.hasModel(id)) return
      labels.takeModel(await get(hosts.api(hosts.base, `/models/${id}`), options))
    }
    await askModel(modelId)
    if (labels.found.has(versionId)) return
    labels.takeVersion(await get(hosts.api(hosts.base, `/model-versions/${versionId}`), options))
    if (modelId === undefined) await askModel(labels.found.get(versionId)?.modelId)
  }

  return {
    findVersionIds: (sha256s, options) => findVersionIds(sha256s, options, { ...bounded, hosts }),
    async fetchLabels(versions, options) {
      const labels = createLabelSet(versions)
      await askLists(hosts.base, modelsOf(versions), labels, options)
      const { sibling } = hosts
      const hidden = modelsOf(labels.missing())
      if (sibling !== undefined && hidden.length > 0) {
        await askSibling(() => askLists(sibling, hidden, labels, options), options, deps.log)
      }
      let failures = 0
      for (const version of labels.missing()) {
        // Another version's answer may have brought it.
        if (labels.found.has(version.versionId)) continue
        try {
          await askOneByOne(version, labels, options)
          failures = 0
        } catch (error) {
          failures += 1
          if (!isOfOne(error) || failures >= MAX_FAILURES) throw error
          deps.log.debug({ ...options.trace, ...version, err: error }, 'left out a version that Civitai cannot show')
        }
      }
      return labels.found
    },
  }
}

const modelsOf = (versions: readonly VersionId[]): readonly number[] => [
  ...new Set(versions.flatMap(({ modelId }) => modelId ?? [])),
]

function readList(answer: unknown): { readonly items: readonly unknown[]; readonly cursor: string | undefined } {
  if (!isJsonObject(answer)) return { items: [], cursor: undefined }
  const { items, metadata } = answer
  return { items: Array.isArray(items) ? items : [], cursor: nextCursorIn(metadata) }
}

/** May be about the one version that was asked for, and not about all. */
const isOfOne = (error: unknown): boolean =>
  error instanceof SourceRefused
    ? error.reason !== 'region'
    : isAppError(error) && error.code === 'upstream_unavailable'

const isTooLarge = (error: unknown): boolean =>
  isAppError(error) && isAppError(error.cause) && error.cause.code === 'payload_too_large'
