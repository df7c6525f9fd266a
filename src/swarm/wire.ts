import { setImmediate as nextTurn } from 'node:timers/promises'
import * as v from 'valibot'
import { isEmptyHash, parseSha256, parseTensorSha256, type Sha256, type TensorSha256 } from '../hash/digest.ts'
import { isJsonObject } from '../lib/json.ts'

/** A model as a SwarmUI lists it. Every text is a stranger's. */
export interface SwarmListedModel {
  /** Path below the folder of its subtype, `/` between the parts. */
  readonly name: string
  /** Last part of the name; without extension where the host leaves it out. */
  readonly filename: string
  readonly title: string | undefined
  readonly license: string | undefined
  readonly sizeBytes: number | undefined
  /** Undefined for gguf and ckpt, and where the host has not worked it out. */
  readonly tensorSha256: TensorSha256 | undefined
  /** Only an airkeep that speaks this dialect tells it. */
  readonly fileSha256: Sha256 | undefined
  /** What its own download URL calls it by. */
  readonly identifier: string | undefined
}

/** A field of another type than expected counts as absent: one odd field must not hide the rest. */
const lenient = <T>(schema: v.GenericSchema<unknown, T>) => v.fallback(v.optional(schema), undefined)
const text = (length: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(length))

const modelSchema = v.object({
  name: text(1_000),
  filename: lenient(text(1_000)),
  title: lenient(text(1_000)),
  size: lenient(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  // GetModelManifest says `sha256`, ListModels `hash`: both mean the tensors.
  sha256: lenient(v.string()),
  hash: lenient(v.string()),
  file_sha256: lenient(v.string()),
  license: lenient(text(200)),
  download_url: lenient(text(5_000)),
  metadata: lenient(v.object({ license: lenient(text(200)) })),
})

/** Items that are read in about a millisecond. */
const SLICE = 100

/**
 * The models of a list; what cannot be read is left out. Gives way to everything else between a few of them.
 * @returns undefined where there is no such list
 */
export async function readModels(json: unknown, field: 'models' | 'files'): Promise<SwarmListedModel[] | undefined> {
  const items = isJsonObject(json) ? json[field] : undefined
  if (!Array.isArray(items)) return undefined
  const models: SwarmListedModel[] = []
  for (const [at, item] of items.entries()) {
    if (at % SLICE === SLICE - 1) await nextTurn()
    const read = v.safeParse(modelSchema, item, { abortEarly: true })
    if (read.success && isName(read.output.name)) models.push(toModel(read.output))
  }
  return models
}

/** No file lies where such a name would lead. */
const isName = (name: string): boolean =>
  !/\p{Cc}/u.test(name) && name.split(/[\\/]/).every((part) => part !== '' && part !== '.' && part !== '..')

function toModel(wire: v.InferOutput<typeof modelSchema>): SwarmListedModel {
  const name = wire.name.replaceAll('\\', '/')
  return {
    name,
    filename: [wire.filename ?? '', name].map(lastPart).find(isName) ?? name,
    title: shown(wire.title),
    license: shown(wire.metadata?.license ?? wire.license),
    sizeBytes: wire.size,
    tensorSha256: telling(parseTensorSha256(wire.sha256 ?? wire.hash ?? '')),
    fileSha256: telling(parseSha256(wire.file_sha256 ?? '')),
    identifier: wire.download_url === undefined ? undefined : identifierIn(wire.download_url),
  }
}

/** In one line, and in the order in which it is written. */
function shown(text: string | undefined): string | undefined {
  const plain = text
    ?.toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, '')
    .trim()
  return plain === '' ? undefined : plain
}

/** The digest of no bytes tells nothing: it was written for files that could not be read. */
const telling = <T extends string>(digest: T | undefined): T | undefined =>
  digest === undefined || isEmptyHash(digest) ? undefined : digest

const lastPart = (name: string): string => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)

/** Nothing else of the URL is used: where it leads is not for the host to say. The fork writes no segment for null. */
function identifierIn(url: string): string | undefined {
  const segment = /^\/DownloadModel\/[^/]+\/([^/]+)\/[^/]+$/.exec(url)?.[1]
  if (segment === undefined) return undefined
  try {
    const identifier = decodeURIComponent(segment)
    return identifier === '.' || identifier === '..' || /\p{Cc}/u.test(identifier) ? undefined : identifier
  } catch {
    return undefined
  }
}
