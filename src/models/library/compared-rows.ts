import { sql } from 'drizzle-orm'
import type { LibraryFile } from '../library.ts'
import type { ModelRoot } from '../root.ts'
import { modelFilesTable as files } from '../table.ts'
import { toDigests } from './known-digests.ts'
import { type OtherName, otherNames } from './other-names.ts'
import { listedPathOf, type ModelRow } from './rows.ts'

/** All that an import compares: of a hundred thousand files whole rows would be a gigabyte. */
export const COMPARED = {
  path: files.path,
  root: files.root,
  relative: files.relative,
  name: files.name,
  type: files.type,
  aliases: files.aliases,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  changedUs: files.changedUs,
  device: files.device,
  state: files.state,
  fault: files.fault,
  sha256: files.sha256,
  tensorSha256: files.tensorSha256,
  autoV1: files.autoV1,
  blake3: files.blake3,
  crc32: files.crc32,
  hashedAt: files.hashedAt,
  inspectedAt: files.inspectedAt,
  civitaiVersionId: files.civitaiVersionId,
  lastUsedAt: files.lastUsedAt,
  /** As it was written. */
  outputName: sql<
    string | null
  >`case when ${files.outputNameKey} is not null then json_extract(${files.claims}, '$.header.ss_output_name') end`,
}

export type ComparedRow = Pick<ModelRow, Exclude<keyof typeof COMPARED, 'outputName'>> & {
  readonly outputName: string | null
}

/** A row under each name that leads to its file. */
export function listingsOf(row: ComparedRow, roots: readonly ModelRoot[]): readonly LibraryFile[] {
  const file = toFile(row)
  return [file, ...otherNames(row.aliases, roots).map((listing) => underOtherName(file, listing))]
}

/** The same file: what becomes known of one is known of all. */
const underOtherName = (file: LibraryFile, { listedPath, name, type }: OtherName): LibraryFile => ({
  path: file.path,
  listedPath,
  name,
  type,
  sizeBytes: file.sizeBytes,
  civitaiVersionId: file.civitaiVersionId,
  outputName: file.outputName,
  get digests() {
    return file.digests
  },
  set digests(digests) {
    file.digests = digests
  },
  get fault() {
    return file.fault
  },
  set fault(fault) {
    file.fault = fault
  },
})

const toFile = (row: ComparedRow): LibraryFile => ({
  path: row.path,
  listedPath: listedPathOf(row),
  name: row.name,
  type: row.type,
  sizeBytes: row.sizeBytes,
  civitaiVersionId: row.civitaiVersionId ?? undefined,
  outputName: typeof row.outputName === 'string' ? row.outputName : undefined,
  digests: toDigests(row),
  fault: row.state === 'unreadable' ? (row.fault ?? undefined) : undefined,
})
