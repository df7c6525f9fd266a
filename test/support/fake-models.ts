import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts'

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
  /** `by-hash` of many: this many nulls, in place of the last versions, as for those without a primary file. */
  readonly nulls?: number
  /** `by-hash` of many: every version again. */
  readonly again?: boolean
  /** `by-hash` of one: whatever is asked for, this version. */
  readonly always?: number
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
  files: (sha256s ?? []).map((sha256, at) => ({
    id: id * 10 + at,
    name: 'file.safetensors',
    type: 'Model',
    hashes: { SHA256: sha256.toUpperCase() },
  })),
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
    if (id === 'by-hash' && method === 'POST') return versionsByDigests(body)
    if (method !== 'GET') return notAllowed
    if (id?.startsWith('by-hash/')) return versionByHash(id.slice('by-hash/'.length))
    if (route === 'models') return id === undefined ? list(query) : oneModel(Number(id))
    return oneVersion(Number(id))
  }

  function byDigests(body: string): readonly [number, JsonValue] {
    const digests = digestsIn(body, 10_000)
    if (digests === undefined) return badDigests
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
          { hash: digests[0] ?? '', modelVersionId: '1' },
        ]
      : []
    return [200, [...junk, ...entries, ...again] as JsonValue[]]
  }

  /** The oldest version with a file of this hash, of whatever kind, as the site chooses. */
  function withHash(hash: string): readonly [FakeModel, FakeVersion] | undefined {
    const all = models
      .filter(({ hidden }) => !hidden)
      .flatMap((model) => model.versions.map((one) => [model, one] as const))
    const holding = all.filter(([, version]) =>
      fake.odd.always === undefined ? hashesOf(version).includes(hash) : version.id === fake.odd.always,
    )
    const published = ([, { wire }]: (typeof all)[number]): string => String(wire?.['publishedAt'] ?? '')
    return holding.sort((one, other) => published(one).localeCompare(published(other)))[0]
  }

  function versionByHash(hash: string): readonly [number, JsonValue] {
    const found = withHash(hash.toUpperCase())
    return found === undefined ? [404, { error: 'Model not found' }] : [200, wholeVersion(...found)]
  }

  function versionsByDigests(body: string): readonly [number, JsonValue] {
    const digests = digestsIn(body, 100)
    if (digests === undefined) return badDigests
    const found = digests.flatMap((digest): JsonValue[] => {
      const one = withHash(digest)
      // The address is as broken as there.
      return one === undefined
        ? []
        : [{ ...wholeVersion(...one), downloadUrl: `https://undefined/api/download/models/${one[1].id}` }]
    })
    const nulls = Math.min(fake.odd.nulls ?? 0, found.length)
    const shown = [...found.slice(0, found.length - nulls), ...Array<null>(nulls).fill(null)]
    return [200, fake.odd.again ? [...shown, ...shown] : shown]
  }

  function list(query: URLSearchParams): readonly [number, JsonValue] {
    const limit = Number(query.get('limit'))
    const ids = (query.get('ids') ?? '').split(',').map(Number)
    if (!(limit >= 1 && limit <= 100) || ids.length > 100) return [400, { error: 'Invalid limit' }]
    const words = query.get('query')?.toLowerCase().split(' ') ?? []
    const types = query.getAll('types')
    const isWanted = (model: FakeModel): boolean =>
      query.has('query')
        ? words.some((word) => (model.name ?? '').toLowerCase().includes(word)) &&
          (types.length === 0 || types.includes(model.type ?? 'LORA'))
        : ids.includes(model.id)
    const shown = models.filter((model) => isWanted(model) && !model.unlisted && !model.hidden)
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
      if (version !== undefined) return [200, wholeVersion(model, version)]
    }
    return [404, { error: 'Model not found' }]
  }
}

function wholeVersion(model: FakeModel, version: FakeVersion): JsonObject {
  const { id: modelId, name = `Model ${model.id}`, type = 'LORA', wire } = model
  const mode = wire?.['mode'] === undefined ? {} : { mode: wire['mode'] }
  return { ...wireVersion(version), modelId, model: { name, type, nsfw: false, poi: false, ...mode } }
}

/** Of all files and kinds, as they go over the wire. */
function hashesOf(version: FakeVersion): readonly JsonValue[] {
  const files: JsonValue = wireVersion(version)['files'] ?? []
  return (Array.isArray(files) ? files : []).flatMap((file: JsonValue) =>
    isJsonObject(file) && isJsonObject(file['hashes']) ? Object.values(file['hashes']) : [],
  )
}

function digestsIn(body: string, most: number): readonly string[] | undefined {
  const digests: unknown = JSON.parse(body)
  const isFine = Array.isArray(digests) && digests.every((one) => /^[0-9A-F]{64}$/.test(String(one)))
  return isFine && digests.length <= most ? digests.map(String) : undefined
}

const badDigests: readonly [number, JsonValue] = [400, { error: 'Request must include an array of SHA256 Hashes. []' }]

const notAllowed: readonly [number, JsonValue] = [405, { error: 'Method Not Allowed' }]
