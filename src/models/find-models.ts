import { and, eq, gte, inArray, lt, or, placeholder, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import { classifyHash, type DigestAlgorithm } from '../hash/digest.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import { type ModelRow, stemKeyOf } from './library/rows.ts'
import { modelExtension } from './model-file.ts'
import { modelFilesTable as files, modelNamesTable as names } from './table.ts'

/**
 * By what a file was found. `sha256_12`: 12 digits of the whole file's SHA-256; `claimed_tensor`: what the header says
 * of itself, which may be out of date; `path`: the name as a UI lists it, or the end of it with the folders that were
 * given; `filename`: stem and extension, in another folder; `name`: the stem alone.
 */
export type ModelMatch =
  | 'sha256'
  | 'tensor_sha256'
  | 'blake3'
  | 'claimed_tensor'
  | 'auto_v3'
  | 'sha256_12'
  | 'auto_v2'
  | 'auto_v1'
  | 'crc32'
  | 'path'
  | 'filename'
  | 'name'
  | 'output_name'
  | 'civitai_version'

export type FoundModel = ModelRow & { readonly matchedBy: ModelMatch }

/** Looks for files of this host, each time by an index; files that are gone are left out. Usable files come first. */
export interface ModelFinder {
  /**
   * By any digest, with or without its prefix (`0x`, `sha256:`, `autov3:` …). Of all that its length allows the most
   * telling kind that finds something counts. Empty for what is no digest, and for the
   * digest of no bytes, which tools wrote for files that they could not read.
   */
  findByDigest(hash: string): Promise<readonly FoundModel[]>
  /**
   * By stem or file name, upper and lower case alike, with or without folders; what agrees in more comes first. Folders
   * only sort: the same name in another folder is found too. Links and hard links are names of their file.
   */
  findByName(name: string): Promise<readonly FoundModel[]>
  /** By the name that the trainer gave it (`ss_output_name`). */
  findByOutputName(name: string): Promise<readonly FoundModel[]>
  findByVersion(civitaiVersionId: number): Promise<readonly FoundModel[]>
}

export interface ModelFinderDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
}

/** More files than this under one digest or name are copies that nobody looks through. */
const MAX_FOUND = 100

/** A column that a digest may stand in, the whole of it or, for a shortened digest, its beginning. */
type Place = readonly [match: ModelMatch, column: DigestColumn, form?: 'beginning']
type DigestColumn = 'sha256' | 'tensorSha256' | 'blake3' | 'claimedTensor' | 'autoV1' | 'crc32'

const SHA256: Place = ['sha256', 'sha256']
const TENSOR: Place = ['tensor_sha256', 'tensorSha256']
const CLAIM: Place = ['claimed_tensor', 'claimedTensor']
const BLAKE3: Place = ['blake3', 'blake3']
const CRC32: Place = ['crc32', 'crc32']

/** What the text of a digest of each kind may be, the most telling first. */
const PLACES: Readonly<Record<DigestAlgorithm, readonly [Place, ...Place[]]>> = {
  sha256: [SHA256, BLAKE3, TENSOR, CLAIM],
  tensor_sha256: [TENSOR, CLAIM, SHA256],
  blake3: [BLAKE3],
  auto_v3: [
    ['auto_v3', 'tensorSha256', 'beginning'],
    ['sha256_12', 'sha256', 'beginning'],
    ['claimed_tensor', 'claimedTensor', 'beginning'],
  ],
  auto_v2: [['auto_v2', 'sha256', 'beginning']],
  // Without a word about their kind eight digits may be a CRC-32 too.
  auto_v1: [['auto_v1', 'autoV1'], CRC32],
  crc32: [CRC32],
}

export function createModelFinder({ db, instanceId }: ModelFinderDeps): ModelFinder {
  // Built once: building a statement takes longer than running it.
  const finder = (condition: () => SQL | undefined) =>
    onFirstUse(() =>
      db.read
        .select()
        .from(files)
        // The signs keep SQLite from choosing an index of the host, which leads to all of its files.
        .where(
          and(condition(), sql`+${files.instanceId} = ${placeholder('instanceId')}`, sql`+${files.goneAt} is null`),
        )
        .limit(MAX_FOUND)
        .prepare(),
    )
  const isAt = ([, name, form]: Place): SQL | undefined => {
    const column = files[name]
    if (form === undefined) return eq(column, placeholder('value'))
    return and(gte(column, placeholder('value')), lt(column, placeholder('end')))
  }
  // All places in one statement: SQLite goes through one index after another.
  const digestFinder = (algorithm: DigestAlgorithm) => finder(() => or(...PLACES[algorithm].map(isAt)))
  const digestFinders = {
    sha256: digestFinder('sha256'),
    tensor_sha256: digestFinder('tensor_sha256'),
    blake3: digestFinder('blake3'),
    auto_v3: digestFinder('auto_v3'),
    auto_v2: digestFinder('auto_v2'),
    auto_v1: digestFinder('auto_v1'),
    crc32: digestFinder('crc32'),
  }
  const otherwiseNamed = () =>
    db.read
      .select({ path: names.path })
      .from(names)
      .where(and(eq(names.instanceId, placeholder('instanceId')), eq(names.stemKey, placeholder('stem'))))
  const byStem = finder(() =>
    or(
      eq(files.stemKey, placeholder('stem')),
      and(eq(files.instanceId, placeholder('instanceId')), inArray(files.path, otherwiseNamed())),
    ),
  )
  const inFolderByStem = finder(() =>
    and(eq(files.stemKey, placeholder('stem')), sql`instr(lower(${files.name}), ${placeholder('within')}) > 0`),
  )
  const byOutputName = finder(() => eq(files.outputNameKey, placeholder('name')))
  const byVersion = finder(() => eq(files.civitaiVersionId, placeholder('id')))

  return {
    async findByDigest(hash) {
      const kind = classifyHash(hash)
      if (kind === undefined) return []
      const { algorithm, value } = kind
      // `g` comes after every hexadecimal digit.
      const rows = await digestFinders[algorithm]().execute({ value, end: `${value}g`, instanceId: instanceId() })
      const places = hash.toLowerCase().includes('autov1:') ? PLACES.auto_v1.slice(0, 1) : PLACES[algorithm]
      for (const [match, column, form] of places) {
        const here = rows.filter((row) =>
          form === undefined ? row[column] === value : row[column]?.startsWith(value) === true,
        )
        if (here.length > 0) return found(here, () => match)
      }
      return []
    },
    async findByName(name) {
      const wanted = name
        .replaceAll('\\', '/')
        .replace(/^(?:\.?\/)+/, '')
        .toLowerCase()
      const filename = lastPart(wanted)
      const extension = modelExtension(filename) ?? ''
      const stem = filename.slice(0, filename.length - extension.length)
      if (stem === '') return []
      const asked = { stem, instanceId: instanceId() }
      let rows = await byStem().execute(asked)
      if (rows.length === MAX_FOUND && filename !== wanted) {
        // Hundreds of files are called `model`: those in the folder first.
        const within = wanted.slice(0, wanted.length - extension.length)
        const inFolder = await inFolderByStem().execute({ ...asked, within })
        rows = [...new Map([...inFolder, ...rows].map((row) => [row.path, row])).values()]
      }
      const isInFolder = filename !== wanted
      const agreement = (name: string): ModelMatch => {
        const own = name.toLowerCase()
        const full = extension === '' ? wanted + (modelExtension(own) ?? '') : wanted
        if (own === full || (isInFolder && own.endsWith(`/${full}`))) return 'path'
        return extension !== '' && lastPart(own) === filename ? 'filename' : 'name'
      }
      const namesOf = (row: ModelRow): string[] =>
        [row.name, ...row.aliases.map(String)].filter((each) => stemKeyOf(each) === stem)
      return found(
        // One that had the name may be in the list still.
        rows.filter((row) => namesOf(row).length > 0),
        (row) => {
          const all = namesOf(row).map(agreement)
          return RANK.find((match) => all.includes(match)) ?? 'name'
        },
      )
    },
    async findByOutputName(name) {
      if (name === '') return []
      const rows = await byOutputName().execute({ name: name.toLowerCase(), instanceId: instanceId() })
      return found(rows, () => 'output_name')
    },
    async findByVersion(id) {
      return found(await byVersion().execute({ id, instanceId: instanceId() }), () => 'civitai_version')
    },
  }
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const RANK: readonly ModelMatch[] = ['path', 'filename', 'name']

/** Sorted here: an index gives no order that means anything to people. */
function found(rows: readonly ModelRow[], matchedBy: (row: ModelRow) => ModelMatch): readonly FoundModel[] {
  const models = rows.map((row) => ({ ...row, matchedBy: matchedBy(row) }))
  if (models.length < 2) return models
  const rank = (model: FoundModel): number => RANK.indexOf(model.matchedBy) * 2 + (model.state === 'ok' ? 0 : 1)
  return models.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))
}
