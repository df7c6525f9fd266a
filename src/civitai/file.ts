import * as v from 'valibot'
import { isEmptyHash } from '../hash/digest.ts'
import { isJsonObject } from '../lib/json.ts'
import { idSchema, lenient, nameSchema, textSchema } from './wire.ts'

/** Kinds of digests that Civitai knows a file by, and their digits. */
const DIGITS = { sha256: 64, auto_v1: 8, auto_v2: 10, auto_v3: 12, blake3: 64, crc32: 8 } as const

/** Lower-case hex; any of them may be missing, all of them for a file that was uploaded just now. */
export type CivitaiHashes = { readonly [A in keyof typeof DIGITS]?: string }

/** One file of a version. Its `downloadUrl` is left out: the number says it better. */
export interface CivitaiFile {
  readonly id: number
  /** A stranger's word, never a path. It may differ between answers. */
  readonly name: string
  /** Civitai's: `Model`, `Pruned Model`, `VAE`, `Training Data` … */
  readonly type: string | null
  readonly sizeBytes: number | null
  /** False: it may be off by 1 KiB. */
  readonly isSizeExact: boolean
  readonly hashes: CivitaiHashes
  /** The one that the site hands out where none is named. */
  readonly primary: boolean
  /** `SafeTensor`, `PickleTensor`, `GGUF` … */
  readonly format: string | null
  /** `full` or `pruned`. */
  readonly size: string | null
  /** `fp16`, `fp8_scaled` … */
  readonly fp: string | null
  /** `Q4_K_M`; only answers about models tell it. */
  readonly quant: string | null
  /** `Pending`, `Success`, `Danger`, `Error`. */
  readonly pickleScan: string | null
  readonly virusScan: string | null
}

const kind = lenient(textSchema(40))

const fileSchema = v.object({
  id: idSchema,
  name: nameSchema,
  type: kind,
  sizeKB: lenient(v.pipe(v.number(), v.minValue(0), v.maxValue(2 ** 40))),
  pickleScanResult: kind,
  virusScanResult: kind,
  metadata: lenient(v.object({ format: kind, size: kind, fp: kind, quantType: kind })),
  hashes: v.unknown(),
  primary: lenient(v.boolean()),
})

/** Files of one version that are read; real ones have a few. */
const MAX_FILES = 200

/** The files of a version as they stand in its answer; what is no file is left out. */
export function parseFiles(files: unknown): readonly CivitaiFile[] {
  if (!Array.isArray(files)) return []
  return files.slice(0, MAX_FILES).flatMap((item: unknown): CivitaiFile[] => {
    const parsed = v.safeParse(fileSchema, isJsonObject(item) ? { hashes: null, ...item } : item)
    if (!parsed.success) return []
    const { id, name, type, sizeKB, metadata, hashes, primary, pickleScanResult, virusScanResult } = parsed.output
    return [
      {
        id,
        name: name ?? '',
        type,
        ...sizeOf(sizeKB),
        hashes: parseHashes(hashes),
        primary: primary ?? false,
        format: metadata?.format ?? null,
        size: metadata?.size ?? null,
        fp: metadata?.fp ?? null,
        quant: metadata?.quantType ?? null,
        pickleScan: pickleScanResult,
        virusScan: virusScanResult,
      },
    ]
  })
}

/** `sizeKB` is bytes / 1024 with its fraction; a whole number may have been rounded. */
function sizeOf(sizeKB: number | null): Pick<CivitaiFile, 'sizeBytes' | 'isSizeExact'> {
  if (sizeKB === null) return { sizeBytes: null, isSizeExact: false }
  const bytes = sizeKB * 1024
  return { sizeBytes: Math.round(bytes), isSizeExact: Number.isInteger(bytes) && !Number.isInteger(sizeKB) }
}

function parseHashes(hashes: unknown): CivitaiHashes {
  if (!isJsonObject(hashes)) return {}
  const byKind = new Map(Object.entries(hashes).map(([name, value]) => [name.toLowerCase(), value]))
  const found = Object.entries(DIGITS).flatMap(([algorithm, digits]) => {
    const value = byKind.get(algorithm.replace('_', ''))
    const hex = typeof value === 'string' && value.length === digits ? value.toLowerCase() : ''
    return /^[0-9a-f]+$/.test(hex) && !isEmptyHash(hex) ? [[algorithm, hex]] : []
  })
  return Object.fromEntries(found)
}
