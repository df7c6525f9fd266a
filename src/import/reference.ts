import { type Air, parseAir } from '../air/air.ts'
import { huggingFaceUrl } from '../air/huggingface-url.ts'
import { publicUrl } from '../lib/public-url.ts'
import type { CivitaiIds, DependencyType } from './dependency.ts'
import { typeOfResource } from './known-names.ts'
import type { Findings, Mention } from './mention.ts'
import { hasModelExtension, parseModelName } from './model-name.ts'

type Reference = Pick<Mention, 'name' | 'hashes' | 'civitai' | 'air' | 'urls'>

const CIVITAI_VERSION = /^civitai:version:(\d{1,15})$/i
const CIVITAI_URL = /^https?:\/\/(?:www\.)?civitai\.(?:com|red|green|blue)\//i
/** Hugging Face's page of a file, beside whose address the file itself lies. */
const PAGE_OF_FILE = /^(https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/[^/?#]{1,200}\/[^/?#]{1,200})\/blob\//i

/**
 * What stands where a model is named: a file name, with or without the `[1a2b3c4d5e]` behind it that A1111
 * writes, or a hash (`sha256:…`), a Civitai version (`civitai:version:1`), an AIR, or a URL.
 */
export function readReference(text: string, source: string, findings: Findings): Reference {
  const trimmed = text.trim()
  if (/^https?:\/\//i.test(trimmed)) return readUrl(trimmed)
  const version = CIVITAI_VERSION.exec(trimmed)
  if (version?.[1] !== undefined) return { civitai: { version_id: Number(version[1]) } }
  if (/^sha256:/i.test(trimmed)) return { hashes: findings.hash(trimmed, source) }
  const air = parseAir(trimmed)
  if (air !== undefined) return readAir(trimmed, air)
  if (/^urn:air:/i.test(trimmed)) {
    findings.warn(source, 'this AIR does not follow the rules of AIRs')
    return readAir(trimmed)
  }
  const { name, hash } = splitHashSuffix(trimmed)
  return { name, ...(hash === undefined ? {} : { hashes: findings.hash(hash, source) }) }
}

/** What an AIR says. The number of a file inside a version stays in its text, as does all of one that breaks the rules. */
export function readAir(text: string, air = parseAir(text)): Reference {
  if (air === undefined) return { air: text }
  const civitai = civitaiOfAir(air)
  const url = huggingFaceUrl(air)
  const file = air.path?.split('/').at(-1) ?? ''
  return {
    air: text,
    ...(civitai === undefined ? {} : { civitai }),
    ...(hasModelExtension(file) ? { name: file } : {}),
    ...(url === undefined ? {} : { urls: [url] }),
  }
}

/** The Civitai ids inside an AIR, where it is one of Civitai's. */
export function civitaiOfAir(air: string | Air): CivitaiIds | undefined {
  const parsed = typeof air === 'string' ? parseAir(air) : air
  return parsed?.source === 'civitai' ? civitaiIds(parsed.id, parsed.version) : undefined
}

/** The type that an AIR tells; `other` where it tells none, or its word is not known. */
export function typeOfAir(air: string | Air): DependencyType {
  return typeOfResource((typeof air === 'string' ? parseAir(air) : air)?.type)
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

function readUrl(address: string): Reference {
  const url = publicUrl(address).replace(PAGE_OF_FILE, '$1/resolve/')
  const reference: Reference = { urls: [url], ...nameInUrl(url) }
  if (!CIVITAI_URL.test(url)) return reference
  const path = url.slice(0, 500).replace(/\/download\/models\/.*/, '')
  const civitai = civitaiIds(
    /\/models\/(\d{1,15})(?![\d])/.exec(path)?.[1],
    /[?&]modelVersionId=(\d{1,15})/i.exec(url)?.[1] ??
      /\/(?:download\/models|model-versions)\/(\d{1,15})/.exec(url)?.[1],
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
