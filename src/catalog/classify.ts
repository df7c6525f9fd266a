import type { Air } from '../air/air.ts'
import { type ExpectedFile, isLookable } from './expected-file.ts'
import type { CatalogPage } from './page.ts'

/** The classes of the catalog's rules, in their order. */
export const SYNTAX_TYPES = [
  'CIVITDL_WITH_AIR',
  'WGET_WITH_AIR',
  'CIVITDL_NO_AIR',
  'WGET_NO_AIR',
  'NO_DOWNLOAD',
  'INVALID',
] as const
export type SyntaxType = (typeof SYNTAX_TYPES)[number]

export interface Verdict {
  readonly syntax_type: SyntaxType
  /** By the catalog's rules. */
  readonly is_valid: boolean
  /** By ours: there is something that can be looked for on a host. */
  readonly checkable: boolean
  readonly air: string | null
  readonly download_count: number
  readonly notes: readonly string[]
  /** Why it is INVALID. */
  readonly reason?: string
  readonly files: readonly ExpectedFile[]
}

/** What the catalog's rules and ours say of a page. */
export function classify(page: CatalogPage): Verdict {
  const syntaxType = syntaxTypeOf(page)
  const { air, commandCount, files, fault } = page
  const own: string[] = []
  const isValid = judge(page, syntaxType, own)
  if (air.kind === 'slug') own.push(`its AIR field holds ${quoted(air.text)}, which is no AIR`)
  if (air.kind === 'broken') own.push(`its AIR ${quoted(air.text)} cannot be read`)
  if (air.airs.length > 1) own.push(`it has ${air.airs.length} AIRs: the first counts as its own`)
  const hidden = files.filter((file) => !isLookable(file)).length
  if (hidden > 0 && hidden < files.length) own.push(`${hidden} of its ${files.length} files cannot be looked for`)
  return {
    syntax_type: syntaxType,
    is_valid: isValid,
    checkable: files.some(isLookable),
    air: air.kind === 'air' ? (air.text ?? null) : null,
    download_count: commandCount,
    notes: [...(fault === undefined ? [] : [fault]), ...own, ...page.notes],
    ...(fault === undefined ? {} : { reason: fault }),
    files,
  }
}

/** Commands other than civitdl name their file by its address, as wget does: they count as that. */
function syntaxTypeOf({ fault, air, programs, commandCount }: CatalogPage): SyntaxType {
  if (fault !== undefined) return 'INVALID'
  if (commandCount === 0) return 'NO_DOWNLOAD'
  if (programs.has('civitdl')) return air.kind === 'air' ? 'CIVITDL_WITH_AIR' : 'CIVITDL_NO_AIR'
  return air.kind === 'air' ? 'WGET_WITH_AIR' : 'WGET_NO_AIR'
}

function judge({ air, files }: CatalogPage, syntaxType: SyntaxType, notes: string[]): boolean {
  if (syntaxType === 'CIVITDL_NO_AIR' || syntaxType === 'WGET_NO_AIR') {
    notes.push('missing AIR: add one to its front matter that matches the command')
    return false
  }
  if (syntaxType !== 'CIVITDL_WITH_AIR' && syntaxType !== 'WGET_WITH_AIR') return false
  const named = air.airs.filter((each) => files.some((file) => isModelOf(file, each)))
  if (named.length === 0)
    notes.push('its AIR names a model that none of its commands gets: the files are those of the commands')
  const [unversioned] = air.airs.filter(({ version }) => version === undefined)
  if (unversioned !== undefined) notes.push('its AIR names no version')
  else if (named.length > 0 && !named.some((each) => files.some((file) => isVersionOf(file, each)))) {
    notes.push('its AIR names another version than its commands: the files are those of the commands')
  }
  if (syntaxType === 'CIVITDL_WITH_AIR') return named.length > 0
  const isPlaced = files.some(({ folder, absolute_folder }) => (folder ?? absolute_folder) !== undefined)
  if (!isPlaced) notes.push('none of its commands says where its file goes (wget -P or -O)')
  return isPlaced
}

/** By the model's number; the address of a version's download does not tell it, so there the version's counts. */
function isModelOf({ source }: ExpectedFile, { source: site, id, version }: Air): boolean {
  if (source.kind === 'civitai' && site === 'civitai') {
    return source.model_id === undefined ? String(source.version_id) === version : String(source.model_id) === id
  }
  if (source.kind !== 'huggingface' || site !== 'huggingface') return false
  return source.repo.toLowerCase() === id.toLowerCase()
}

function isVersionOf(file: ExpectedFile, air: Air): boolean {
  if (!isModelOf(file, air)) return false
  const { source } = file
  if (source.kind === 'civitai') return source.version_id === undefined || String(source.version_id) === air.version
  return source.kind === 'huggingface' && (air.path === undefined || source.path === air.path)
}

const quoted = (text = ''): string => `“${text.length > 80 ? `${text.slice(0, 80)}…` : text}”`
