import type { CivitaiFile } from './file.ts'
import type { FileTraits } from './links.ts'
import { fileModelType, isMainFile, isModelFile } from './model-type.ts'
import type { CivitaiVersion } from './version.ts'
import { compareHashes, type HashKind, type WantedHash } from './wanted-hash.ts'

export interface WantedFile {
  readonly hashes: readonly WantedHash[]
  readonly fileId?: number | undefined
  /** Of a download address. */
  readonly traits?: FileTraits | undefined
  /** As sources write them, folders included. */
  readonly names?: readonly string[] | undefined
  /** Ours: `vae` picks the VAE that comes along with a checkpoint. */
  readonly type?: string | undefined
  /** As an AIR ends: `safetensors`, `gguf`. */
  readonly format?: string | undefined
}

export type PickedFile =
  | {
      readonly file: CivitaiFile
      readonly matchedBy: HashKind | 'file_id' | 'traits' | 'name' | 'type' | 'primary' | 'only'
    }
  /** Why there is none, as a half sentence about the version. */
  | { readonly file: undefined; readonly reason: string }

/**
 * The file of a version that is wanted: by digest, else by its number, else by what its address says of it, else by its
 * exact name, else the primary one.
 * Files with another digest are out, and so is what no UI loads. Undefined with the reason where several are left.
 */
export function pickFile(version: CivitaiVersion, wanted: WantedFile): PickedFile {
  const models = version.files.filter(({ type }) => isModelFile(type))
  if (models.length === 0) return none('has no model files')
  const judged = models.map((file) => ({ file, verdict: compareHashes(wanted.hashes, file.hashes) }))
  const same = judged.filter(({ verdict }) => verdict !== 'different' && verdict !== 'unknown')
  const [best] = same
  if (best !== undefined) {
    const files = same.map((one) => one.file)
    // What the digest says weighs more than what an address says of the file.
    const isSo = withTraits(files, wanted.traits).length > 0
    const { file, reason } = narrow(files, isSo ? wanted : { ...wanted, traits: undefined }, version)
    const verdict = same.find((one) => one.file === file)?.verdict ?? best.verdict
    if (file === undefined) return none(reason)
    return { file, matchedBy: verdict as HashKind }
  }
  const possible = judged.flatMap(({ file, verdict }) => (verdict === 'unknown' ? [file] : []))
  if (possible.length === 0) return none('has no file with the wanted digest')
  const isOut = (id: number): boolean => models.some((file) => file.id === id) && !possible.some((one) => one.id === id)
  if (wanted.fileId !== undefined && isOut(wanted.fileId)) return none('has another digest for the file of that number')
  return narrow(possible, wanted, version)
}

const none = (reason: string): PickedFile & { file: undefined } => ({ file: undefined, reason })

type Narrowed = Exclude<PickedFile, { file: undefined }> & { readonly reason?: never }

/** Goes from the most telling to the least; each step only ever leaves out files. */
function narrow(
  files: readonly CivitaiFile[],
  wanted: WantedFile,
  version: CivitaiVersion,
): Narrowed | { readonly file: undefined; readonly reason: string } {
  const numbered = files.find(({ id }) => id === wanted.fileId)
  if (numbered !== undefined) return { file: numbered, matchedBy: 'file_id' }
  const told = withTraits(files, wanted.traits)
  if (told.length === 0) return { file: undefined, reason: 'has no file as its address says' }
  const written = new Set((wanted.names ?? []).map(baseName))
  const named = told.filter(({ name }) => written.has(name) || written.has(stem(name)))
  const hasName = named.length > 0
  const formed = orAll(hasName ? named : told, ({ name }) => hasEnding(name, wanted.format))
  const typed = orAll(formed, (file) => wanted.type === fileModelType(file, version))
  // Where nothing else is asked for, a VAE beside the model is not what is meant.
  const left = orAll(typed, ({ type }) => typed.length < formed.length || isMainFile(type))
  const [only, ...others] = sameBytesOnce(left)
  if (only === undefined) return { file: undefined, reason: 'has no such file' }
  const byType = typed.length < formed.length ? 'type' : 'only'
  if (others.length === 0 && told.length < files.length) return { file: only, matchedBy: 'traits' }
  if (others.length === 0) return { file: only, matchedBy: hasName ? 'name' : only.primary ? 'primary' : byType }
  const primary = left.filter((file) => file.primary)
  if (primary.length === 1 && primary[0] !== undefined) return { file: primary[0], matchedBy: 'primary' }
  const listed = left.slice(0, 5).map(({ id, name }) => `${id} (${name})`)
  return { file: undefined, reason: `has ${left.length} files that fit: ${listed.join(', ')}` }
}

/** Files of which nothing else is said than the traits say; of those that fit as well, the ones that say so themselves. */
function withTraits(files: readonly CivitaiFile[], traits: FileTraits = {}): readonly CivitaiFile[] {
  let left = files
  for (const trait of ['type', 'format', 'size', 'fp', 'quant'] as const) {
    const wanted = traits[trait]
    if (wanted === undefined) continue
    const same = left.filter((file) => folded(file[trait] ?? '') === folded(wanted))
    // Names of quantised files end with what they are, whether or not their answer says so.
    const named = trait === 'quant' ? left.filter(({ name }) => folded(name).includes(folded(wanted))) : []
    const isMain = trait === 'type' && isMainFile(wanted)
    const open = left.filter((file) => file[trait] === null || (isMain && isMainFile(file.type)))
    left = [same, named, open].find((some) => some.length > 0) ?? []
  }
  return left
}

const folded = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Those that fit, or all of them where none does: what a source writes of a file is not always so. */
function orAll(files: readonly CivitaiFile[], fits: (file: CivitaiFile) => boolean): readonly CivitaiFile[] {
  const fitting = files.filter(fits)
  return fitting.length > 0 ? fitting : files
}

/** One of the files that are byte for byte the same. */
function sameBytesOnce(files: readonly CivitaiFile[]): readonly CivitaiFile[] {
  const digests = new Set<string>()
  const inOrder = [...files.filter(({ primary }) => primary), ...files.filter(({ primary }) => !primary)]
  return inOrder.filter(
    ({ hashes: { sha256 } }) => sha256 === undefined || (!digests.has(sha256) && digests.add(sha256)),
  )
}

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)

const stem = (name: string): string => name.replace(/\.(?:safetensors|sft|ckpt|pth?|bin|gguf|onnx)$/i, '')

const hasEnding = (name: string, format: string | undefined): boolean =>
  format !== undefined && name.toLowerCase().endsWith(`.${format.toLowerCase()}`)
