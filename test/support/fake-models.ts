import type { JsonObject, JsonValue } from '../../src/lib/json.ts'

export interface FakeVersion {
  readonly id: number
  readonly name?: string
  readonly baseModel?: string
  readonly trainedWords?: JsonValue
  /** SHA-256 of its files. */
  readonly sha256s?: readonly string[]
  /** Further fields of the version, as they go over the wire. */
  readonly wire?: JsonObject
}

export interface FakeModel {
  readonly id: number
  readonly name?: string
  readonly type?: string
  readonly versions: readonly FakeVersion[]
  /** Further fields of the model, as they go over the wire. */
  readonly wire?: JsonObject
  /** Lists leave it out; its own page shows it. */
  readonly unlisted?: boolean
  /** Neither a list nor its own page shows it, as in a region where mature models are not shown. */
  readonly hidden?: boolean
}

/** What answers about models have been seen to do. */
export interface ModelOddities {
  /** `by-hash/ids` without `modelId`, as it was documented. */
  readonly withoutModelIds?: boolean
  /** Entries that nobody asked for, that are null, or that are nothing. */
  readonly junk?: boolean
  /** Each entry of `by-hash/ids` again, in lower case. */
  readonly twice?: boolean
  /** Models of one page, whatever `limit` says. */
  readonly pageSize?: number
  /** Every page names a next one, and the first is shown again and again. */
  readonly endless?: boolean
  /** Bytes of description in each model of a list. */
  readonly padding?: number
}

const LICENSE = {
  allowNoCredit: true,
  allowCommercialUse: '{Image,RentCivit}',
  allowDerivatives: true,
  allowDifferentLicense: false,
}

const wireVersion = ({ id, name, baseModel, trainedWords, sha256s, wire }: FakeVersion): JsonObject => ({
  id,
  name: name ?? `v${id}`,
  baseModel: baseModel ?? 'SDXL 1.0',
  trainedWords: trainedWords ?? ['h4rbor lights'],
  status: 'Published',
  files: (sha256s ?? []).map((sha256) => ({ name: 'file.safetensors', hashes: { SHA256: sha256.toUpperCase() } })),
  images: [],
  ...wire,
})

const wireModel = (model: FakeModel): JsonObject => ({
  id: model.id,
  name: model.name ?? `Model ${model.id}`,
  type: model.type ?? 'LORA',
  nsfw: false,
  availability: 'Public',
  ...LICENSE,
  modelVersions: model.versions.map(wireVersion),
  ...model.wire,
})

export interface FakeModels {
  add(model: FakeModel): void
  odd: ModelOddities
  /** Status and JSON body of the answer. */
  answer(method: string, path: string, query: URLSearchParams, body: string): readonly [number, JsonValue]
}

/** The routes of Civitai's API that tell of models. */
export function createFakeModels(): FakeModels {
  const models: FakeModel[] = []
  const fake: FakeModels = { add: (model) => models.push(model), odd: {}, answer }
  return fake

  function answer(method: string, path: string, query: URLSearchParams, body: string): readonly [number, JsonValue] {
    const [, route, id] = /^\/api\/v1\/(models|model-versions)(?:\/(.+))?$/.exec(path) ?? []
    if (id === 'by-hash/ids') return method === 'POST' ? byDigests(body) : notAllowed
    if (method !== 'GET') return notAllowed
    if (route === 'models') return id === undefined ? list(query) : oneModel(Number(id))
    return oneVersion(Number(id))
  }

  function byDigests(body: string): readonly [number, JsonValue] {
    const digests: unknown = JSON.parse(body)
    const isFine = Array.isArray(digests) && digests.every((one) => /^[0-9A-F]{64}$/.test(String(one)))
    if (!isFine || digests.length > 10_000) {
      return [400, { error: 'Request must include an array of SHA256 Hashes. []' }]
    }
    const asked = new Set(digests)
    const entries = models.flatMap((model) =>
      model.versions.flatMap(({ id: modelVersionId, sha256s = [] }) =>
        sha256s
          .map((sha256) => sha256.toUpperCase())
          .filter((hash) => asked.has(hash))
          .map((hash) => ({
            modelVersionId,
            ...(fake.odd.withoutModelIds ? {} : { modelId: model.id }),
            hash,
          })),
      ),
    )
    const again = fake.odd.twice ? entries.map((entry) => ({ ...entry, hash: entry.hash.toLowerCase() })) : []
    const junk = fake.odd.junk
      ? [
          null,
          7,
          {},
          { modelVersionId: 1, modelId: 1, hash: 'F'.repeat(64) },
          { hash: digests[0], modelVersionId: '1' },
        ]
      : []
    return [200, [...junk, ...entries, ...again] as JsonValue[]]
  }

  function list(query: URLSearchParams): readonly [number, JsonValue] {
    const limit = Number(query.get('limit'))
    const ids = (query.get('ids') ?? '').split(',').map(Number)
    if (!(limit >= 1 && limit <= 100) || ids.length > 100) return [400, { error: 'Invalid limit' }]
    const shown = models.filter(({ id, unlisted, hidden }) => ids.includes(id) && !unlisted && !hidden)
    const from = fake.odd.endless ? 0 : Number(query.get('cursor')?.split('|')[0] ?? 0)
    const to = from + (fake.odd.pageSize ?? limit)
    const description = 'x'.repeat(fake.odd.padding ?? 0)
    const items: JsonValue[] = shown.slice(from, to).map((model) => ({ ...wireModel(model), description }))
    const more = fake.odd.endless === true || to < shown.length
    return [
      200,
      { items: fake.odd.junk ? [null, {}, ...items] : items, metadata: more ? { nextCursor: `${to}|1` } : {} },
    ]
  }

  function oneModel(id: number): readonly [number, JsonValue] {
    const model = models.find((one) => one.id === id && !one.hidden)
    return model === undefined ? [404, { error: `No model with id ${id}` }] : [200, wireModel(model)]
  }

  function oneVersion(id: number): readonly [number, JsonValue] {
    for (const model of models) {
      const version = model.versions.find((one) => one.id === id)
      if (version === undefined) continue
      const { name = `Model ${model.id}`, type = 'LORA' } = model
      return [200, { ...wireVersion(version), modelId: model.id, model: { name, type, nsfw: false, poi: false } }]
    }
    return [404, { error: 'Model not found' }]
  }
}

const notAllowed: readonly [number, JsonValue] = [405, { error: 'Method Not Allowed' }]
