import { readUrl } from '../net/target.ts'

/** Addresses of Civitai: which post, image or model a link names, and the media's own URL in its original quality. */

export type CivitaiPage = 'post' | 'image'

/** One site under several names: green and com show safe content, red and blue the rest. */
const HOSTS = /^(?:www\.)?civitai\.(?:com|red|green|blue)$/

/** The number in `https://civitai.com/posts/N` or `…/images/N` (com, red, green, blue, www), else undefined. */
export function parseCivitaiLink(link: string, page: CivitaiPage): string | undefined {
  const url = parseCivitaiUrl(link)
  if (url === undefined) return undefined
  const [, folder, id] = /^\/(posts|images)\/([1-9]\d{0,15})(?:\/|$)/.exec(url.pathname) ?? []
  if (id === undefined || folder !== `${page}s` || Number(id) > Number.MAX_SAFE_INTEGER) return undefined
  return id
}

function parseCivitaiUrl(link: string): URL | undefined {
  const url = readUrl(link)
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined
  if (!HOSTS.test(url.hostname) || url.port !== '' || url.username !== '' || url.password !== '') return undefined
  return url
}

/** What a link to a model names: a model, one of its versions, or both. */
export interface CivitaiModelLink {
  readonly modelId?: number
  readonly versionId?: number
}

const MODEL_PATH = /^(?:\/api\/v1)?\/models\/([^/]+)(?:\/|$)/
const VERSION_PATH = /^(?:\/api\/download\/models|(?:\/api\/v1)?\/model-versions)\/([^/]+)(?:\/|$)/

/**
 * The numbers in `https://civitai.com/models/1?modelVersionId=2`, `…/api/download/models/2`, `…/model-versions/2` and the
 * API's own addresses of both, else undefined.
 */
export function parseCivitaiModelLink(link: string): CivitaiModelLink | undefined {
  const url = parseCivitaiUrl(link)
  if (url === undefined) return undefined
  const modelId = toNumber(MODEL_PATH.exec(url.pathname)?.[1])
  const versionId = toNumber(
    modelId === undefined ? VERSION_PATH.exec(url.pathname)?.[1] : url.searchParams.get('modelVersionId'),
  )
  if (modelId === undefined && versionId === undefined) return undefined
  return { ...(modelId === undefined ? {} : { modelId }), ...(versionId === undefined ? {} : { versionId }) }
}

/** What tells the files of one version apart in its download addresses, in Civitai's words. */
export interface FileTraits {
  /** `Model`, `Pruned Model`, `VAE` … */
  readonly type?: string
  /** `SafeTensor`, `GGUF` … */
  readonly format?: string
  /** `full` or `pruned`. */
  readonly size?: string
  /** `fp16` … */
  readonly fp?: string
  /** `Q4_K_M` … */
  readonly quant?: string
}

export interface CivitaiFileLink extends FileTraits {
  readonly versionId: number
  readonly fileId?: number
}

/**
 * Which file of a version a link means: `…/api/download/models/2?fileId=5`, `?type=VAE&format=SafeTensor&size=full&fp=fp16`.
 * Undefined for a link that names no version, or says nothing more.
 */
export function parseCivitaiFileLink(link: string): CivitaiFileLink | undefined {
  const { versionId } = parseCivitaiModelLink(link) ?? {}
  const query = readUrl(link)?.searchParams
  if (versionId === undefined || query === undefined) return undefined
  const fileId = toNumber(query.get('fileId'))
  const traits = TRAITS.flatMap(([trait, name]) => {
    const value = query.get(name)?.trim() ?? ''
    return value === '' || value.length > LONGEST_TRAIT ? [] : [[trait, value]]
  })
  if (fileId === undefined && traits.length === 0) return undefined
  return { versionId, ...(fileId === undefined ? {} : { fileId }), ...Object.fromEntries(traits) }
}

const TRAITS = [
  ['type', 'type'],
  ['format', 'format'],
  ['size', 'size'],
  ['fp', 'fp'],
  ['quant', 'quantType'],
] as const
const LONGEST_TRAIT = 40

function toNumber(digits: string | null | undefined): number | undefined {
  const number = /^[1-9]\d{0,15}$/.test(digits ?? '') ? Number(digits) : undefined
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined
}

export const toCivitaiLink = (page: CivitaiPage, id: string): string => `https://civitai.com/${page}s/${id}`

/** Where the media of the official site lie: bucket key of every address seen since 2022. */
const MEDIA_HOME = 'https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** `width=450`, `anim=false,transcode=true,width=450`, `original=true`. */
const TRANSFORM = /^[a-z]+=[^/]*$/i

/**
 * The media as they were uploaded: the transform in the path (`width=450`) becomes `original=true`, so that the same
 * bytes come whatever size the answer named. A bare UUID, as the site's own calls give it, becomes a full address.
 */
export function toOriginalUrl(address: string, file: { readonly id: string; readonly type: string }): string {
  if (UUID.test(address)) {
    const ending = file.type === 'video' ? 'mp4' : 'jpeg'
    return `${MEDIA_HOME}/${address}/original=true/${file.id}.${ending}`
  }
  const url = readUrl(address)
  if (url === undefined) return address
  const parts = url.pathname.split('/')
  const at = parts.findIndex((part) => TRANSFORM.test(part))
  if (at === -1) return address
  if (parts[at] === 'original=true') return address
  parts[at] = 'original=true'
  url.pathname = parts.join('/')
  return url.href
}
