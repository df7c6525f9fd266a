import type { CivitaiIds } from './dependency.ts'
import type { Findings, Mention } from './mention.ts'
import { hasModelExtension, parseModelName } from './model-name.ts'

type Reference = Pick<Mention, 'name' | 'hashes' | 'civitai' | 'air' | 'urls'>

const AIR_CIVITAI = /^urn:air:[^:\s]+:[^:\s]+:civitai:(\d{1,15})(?:@(\d{1,15}))?(?![\d@])/i
const CIVITAI_VERSION = /^civitai:version:(\d{1,15})$/i
const CIVITAI_URL = /^https?:\/\/(?:www\.)?civitai\.(?:com|red|green)\//i

/**
 * What stands where a model is named: a file name, with or without the `[1a2b3c4d5e]` behind it that A1111
 * writes, or a hash (`sha256:…`), a Civitai version (`civitai:version:1`), an AIR, or a URL.
 */
export function readReference(text: string, source: string, findings: Findings): Reference {
  const trimmed = text.trim()
  if (/^urn:air:/i.test(trimmed)) return readAir(trimmed)
  const version = CIVITAI_VERSION.exec(trimmed)
  if (version?.[1] !== undefined) return { civitai: { version_id: Number(version[1]) } }
  if (/^sha256:/i.test(trimmed)) return { hashes: findings.hash(trimmed, source) }
  if (/^https?:\/\//i.test(trimmed)) return readUrl(trimmed)
  const { name, hash } = splitHashSuffix(trimmed)
  return { name, ...(hash === undefined ? {} : { hashes: findings.hash(hash, source) }) }
}

/** The Civitai ids inside an AIR, where it is one of Civitai's. */
export function civitaiOfAir(air: string): CivitaiIds | undefined {
  const match = AIR_CIVITAI.exec(air)
  return match === null ? undefined : civitaiIds(match[1], match[2])
}

function readAir(air: string): Reference {
  const civitai = civitaiOfAir(air)
  return { air, ...(civitai === undefined ? {} : { civitai }) }
}

/** Ids as JSON or text has them; undefined where neither is a positive number. */
export function civitaiIds(modelId: unknown, versionId: unknown): CivitaiIds | undefined {
  const model = toId(modelId)
  const version = toId(versionId)
  if (model === undefined && version === undefined) return undefined
  return {
    ...(model === undefined ? {} : { model_id: model }),
    ...(version === undefined ? {} : { version_id: version }),
  }
}

function toId(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined
}

function readUrl(url: string): Reference {
  const reference: Reference = { urls: [url], ...nameInUrl(url) }
  if (!CIVITAI_URL.test(url)) return reference
  const civitai = civitaiIds(
    /\/models\/(\d{1,15})(?![\d])/.exec(url.replace(/\/download\/models\/.*/, ''))?.[1],
    /[?&]modelVersionId=(\d{1,15})/i.exec(url)?.[1] ?? /\/download\/models\/(\d{1,15})/.exec(url)?.[1],
  )
  return civitai === undefined ? reference : { ...reference, civitai }
}

function nameInUrl(url: string): { name?: string } {
  const last = (url.split(/[?#]/)[0] ?? '').split('/').at(-1) ?? ''
  return hasModelExtension(last) ? { name: parseModelName(decoded(last)).written } : {}
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const OPENING: Readonly<Record<string, string>> = { ']': '[', ')': '(' }

/** `foo [1a2b3c4d5e]` and the older `foo(0123456789ab)`: the name, and the hash behind it. */
export function splitHashSuffix(text: string): { name: string; hash?: string } {
  const opening = OPENING[text.at(-1) ?? '']
  const at = opening === undefined ? -1 : text.lastIndexOf(opening)
  const hash = text.slice(at + 1, -1)
  if (at < 0 || !/^[0-9a-f]{8,64}$/i.test(hash)) return { name: text }
  return { name: text.slice(0, at).trimEnd(), hash }
}
