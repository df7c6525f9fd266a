import { type Air, parseAir } from '../../air/air.ts'
import { fileModelType } from '../../civitai/model-type.ts'
import { AppError } from '../../errors.ts'
import { isEmptyHash, parseSha256 } from '../../hash/digest.ts'
import type { ModelType } from '../model-file.ts'
import type { Mirrors } from './mirrors.ts'
import { readRequestedFolder } from './requested-folder.ts'
import { readRequestedUrl, refused } from './requested-url.ts'
import type { WantedModel } from './wanted.ts'

export interface RequestedModel {
  readonly model_key?: string | undefined
  readonly air?: string | undefined
  readonly sha256?: string | undefined
  readonly url?: string | undefined
  readonly type?: ModelType | undefined
  readonly folder?: string | undefined
}

export interface Requested {
  readonly wanted: WantedModel
  /** As the caller says it, by type or folder; `other` where it does not. */
  readonly type: ModelType
}

/**
 * What a request asks for, by exactly one name of it.
 * @param hosts where addresses that this caller names may lead
 * @param mirrors what is asked in the place of the registries
 * @throws AppError invalid_input, forbidden (a host that this caller may not name)
 */
export function readRequestedModel(
  request: RequestedModel,
  hosts: 'any' | readonly string[],
  mirrors?: Mirrors,
): Requested {
  const { model_key, air, sha256, url, type, folder } = request
  const named = [model_key, air, url].filter((value) => value !== undefined).length
  if (
    named > 1 ||
    (named === 0 && sha256 === undefined) ||
    (sha256 !== undefined && named === 1 && url === undefined)
  ) {
    throw new AppError('invalid_input', 'Give exactly one of model_key, air, sha256, url', {
      hint: 'sha256 may stand beside url: what the file has to be',
    })
  }
  const wanted =
    model_key !== undefined
      ? readModelKey(model_key)
      : air !== undefined
        ? readAir(air)
        : url !== undefined
          ? { ...NOTHING, ...readRequestedUrl(url, hosts, mirrors) }
          : NOTHING
  const hashes = sha256 === undefined ? wanted.hashes : readSha256(sha256)
  const ofFolder = folder === undefined ? undefined : readRequestedFolder(folder).type
  const said = type ?? ofFolder ?? 'other'
  return {
    wanted: {
      ...wanted,
      hashes,
      type: said === 'other' ? wanted.type : said,
      ...(folder === undefined ? {} : { folder }),
    },
    type: said,
  }
}

const NOTHING: WantedModel = { type: 'other', hashes: [], names: [], urls: [], urls_by_caller: true }

/** As manifests write it: an AIR, or `sha256:<hex>`. */
function readModelKey(key: string): WantedModel {
  const [, versionId] = /^civitai:version:([1-9]\d{0,14})$/i.exec(key.trim()) ?? []
  if (versionId !== undefined) return { ...NOTHING, civitai: { version_id: Number(versionId) } }
  return /^sha256:/i.test(key.trim()) ? { ...NOTHING, hashes: readSha256(key) } : readAir(key)
}

function readSha256(text: string): WantedModel['hashes'] {
  const value = parseSha256(text)
  if (value !== undefined && !isEmptyHash(value)) return [{ algorithm: 'sha256', value }]
  throw refused('sha256', 'sha256 must be 64 hexadecimal digits, and not those of an empty file')
}

function readAir(text: string): WantedModel {
  const air = parseAir(text)
  const wanted = air === undefined ? undefined : (civitaiOf(air) ?? huggingFaceOf(air))
  if (air !== undefined && wanted !== undefined) return { ...NOTHING, ...wanted, type: typeOfWord(air.type) }
  throw refused('air', 'air must name a model at Civitai or Hugging Face', 'urn:air:sdxl:lora:civitai:1@2')
}

function civitaiOf({ source, id, version, fileId }: Air): Pick<WantedModel, 'civitai'> | undefined {
  if (source !== 'civitai') return undefined
  const [model, one, file] = [id, version, fileId].map(toId)
  if (model === undefined || (version !== undefined && one === undefined)) return undefined
  return {
    civitai: {
      model_id: model,
      ...(one === undefined ? {} : { version_id: one }),
      ...(file === undefined ? {} : { file_id: file }),
    },
  }
}

const toId = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined

function huggingFaceOf({ source, id, version, path }: Air): Pick<WantedModel, 'huggingface'> | undefined {
  if (source !== 'huggingface') return undefined
  return { huggingface: { repo: id, revision: version ?? 'main', ...(path === undefined ? {} : { path }) } }
}

/** Words of AIRs that are not Civitai's. */
const WORDS: ReadonlyMap<string, ModelType> = new Map([
  ['hypernet', 'hypernetwork'],
  ['motion', 'motion_module'],
  ['lyco', 'lora'],
  ['embed', 'embedding'],
])

const typeOfWord = (word: string | undefined): ModelType =>
  WORDS.get(word ?? '') ?? fileModelType({ type: null, format: null }, { type: word ?? null, baseModel: null })
