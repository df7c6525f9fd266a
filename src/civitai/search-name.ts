import { isJsonObject } from '../lib/json.ts'
import { type AskDeps, askBoth, unusable } from './ask-both.ts'
import type { CivitaiFile } from './file.ts'
import { type CivitaiModelType, isMainFile, wireTypes } from './model-type.ts'
import { type CivitaiVersion, parseCivitaiModel } from './version.ts'
import type { ModelRequestOptions } from './wire.ts'

/** Something that a person may choose: a name alone proves nothing. */
export interface CivitaiCandidate {
  readonly modelId: number
  readonly versionId: number
  readonly name: string | null
  readonly versionName: string | null
  readonly fileName: string | null
  readonly air: string | null
  readonly modelType: CivitaiModelType
  readonly baseModel: string | null
}

const MAX_CANDIDATES = 10
const MAX_QUERY = 100
const EXTENSION = /\.(?:safetensors|sft|ckpt|pth?|bin|gguf|onnx)$/i

/**
 * Versions whose file or model is called something like `name`, those with such a file first.
 * @param types ours; empty for all
 * @throws SourceRefused `region`; AppError upstream_unavailable, rate_limited, forbidden, cancelled
 */
export async function searchByName(
  name: string,
  types: readonly string[],
  options: ModelRequestOptions,
  deps: AskDeps,
): Promise<readonly CivitaiCandidate[]> {
  const wanted = folded(name)
  const query = wordsOf(name)
  if (query === '') return []
  const params = new URLSearchParams({ query, limit: String(MAX_CANDIDATES), nsfw: 'true' })
  for (const type of wireTypes(types)) params.append('types', type)
  const read = (answer: unknown, host: string): readonly CivitaiCandidate[] | undefined => {
    const items: unknown = isJsonObject(answer) ? answer['items'] : undefined
    if (!Array.isArray(items)) throw unusable(host, 'it holds no list of models')
    const models = items.slice(0, MAX_CANDIDATES).flatMap((item: unknown) => parseCivitaiModel(item) ?? [])
    const found = models.flatMap(({ versions, newest }) => {
      const fitting = versions.filter((version) => fileCalled(version, wanted) !== undefined)
      return fitting.length > 0 ? fitting : (newest ?? [])
    })
    const ranked = [...found].sort((one, other) => rank(one, wanted) - rank(other, wanted))
    return found.length === 0 ? undefined : ranked.slice(0, MAX_CANDIDATES).map((one) => candidateOf(one, wanted))
  }
  return (await askBoth({ path: `/models?${params}`, read }, options, deps)) ?? []
}

function candidateOf(version: CivitaiVersion, wanted: string): CivitaiCandidate {
  const { modelId, versionId, modelName, versionName, air, modelType, baseModel, files } = version
  const main = files.find(({ primary }) => primary) ?? files.find(({ type }) => isMainFile(type))
  const file = fileCalled(version, wanted) ?? main
  // Read from a model: its number is known.
  return {
    ...{ modelId: modelId ?? 0, versionId, name: modelName, versionName },
    ...{ fileName: file?.name ?? null, air, modelType, baseModel },
  }
}

const fileCalled = ({ files }: CivitaiVersion, wanted: string): CivitaiFile | undefined =>
  files.find(({ name }) => folded(name) === wanted)

const rank = (version: CivitaiVersion, wanted: string): number => (fileCalled(version, wanted) === undefined ? 1 : 0)

const stem = (name: string): string => (/[^\\/]*$/.exec(name)?.[0] ?? '').replace(EXTENSION, '')

/** Sites and people write one name with blanks, dashes or underscores. */
const folded = (name: string): string =>
  stem(name)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.-]+/g, ' ')
    .trim()

const wordsOf = (name: string): string =>
  stem(name)
    .replace(/[\s_]+/g, ' ')
    .trim()
    .slice(0, MAX_QUERY)
    .toWellFormed()
