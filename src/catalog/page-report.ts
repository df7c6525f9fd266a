import * as v from 'valibot'
import { parseAir } from '../air/air.ts'
import { airKey } from './air-key.ts'
import { SYNTAX_TYPES, type Verdict } from './classify.ts'
import { PROGRAMS } from './expected-file.ts'

const sourceSchema = v.variant('kind', [
  v.object({
    kind: v.literal('civitai'),
    model_id: v.exactOptional(v.number()),
    version_id: v.exactOptional(v.number()),
  }),
  v.object({ kind: v.literal('huggingface'), repo: v.string(), revision: v.string(), path: v.string() }),
  v.object({ kind: v.literal('url'), url: v.string() }),
  v.object({ kind: v.literal('unknown') }),
])

export const expectedFileSchema = v.object({
  program: v.picklist(PROGRAMS),
  line: v.pipe(v.number(), v.description('Line of the page in which the command begins')),
  role: v.exactOptional(v.pipe(v.string(), v.description('high, low, or what the comment beside the command says'))),
  source: sourceSchema,
  expected: v.pipe(v.string(), v.description('Name, or pattern of the name, that the file will have')),
  names: v.array(v.string()),
  civitdl: v.exactOptional(
    v.object({ model_id: v.exactOptional(v.number()), version_id: v.exactOptional(v.number()) }),
  ),
  folder: v.exactOptional(v.pipe(v.string(), v.description('Relative to the home of the UI'))),
  absolute_folder: v.exactOptional(v.string()),
  is_below: v.pipe(v.boolean(), v.description('The command makes folders of its own below that one')),
  claimed_size_bytes: v.exactOptional(v.number()),
  sha256: v.exactOptional(v.string()),
})

export const pageReportSchema = v.object({
  file_path: v.string(),
  syntax_type: v.picklist(SYNTAX_TYPES),
  tested: v.pipe(v.picklist(['Yes', 'No']), v.description('Whether its files were looked for on a host')),
  is_valid: v.pipe(v.boolean(), v.description('By the rules of the catalog')),
  air: v.nullable(v.string()),
  download_count: v.pipe(v.number(), v.description('Commands that download')),
  notes: v.array(v.string()),
  checkable: v.pipe(v.boolean(), v.description('There are files that can be looked for on a host')),
  files: v.pipe(v.array(expectedFileSchema), v.description('Every file that its commands would place')),
  reason: v.exactOptional(v.pipe(v.string(), v.description('Why it is INVALID'))),
})

/** What a catalog answers for one page. */
export interface PageReport extends Verdict {
  readonly file_path: string
  readonly tested: 'Yes' | 'No'
}

export const toPageReport = (filePath: string, verdict: Verdict): PageReport => ({
  file_path: filePath,
  tested: 'No',
  ...verdict,
})

/** The verdict on a page that could not be opened. */
export const unreadablePage = (filePath: string, reason: string): PageReport => ({
  file_path: filePath,
  syntax_type: 'INVALID',
  tested: 'No',
  is_valid: false,
  air: null,
  download_count: 0,
  notes: [reason],
  checkable: false,
  files: [],
  reason,
})

const MOST_NAMED = 3

/** Pages with a note where another one has the same AIR. */
export function noteDuplicates(pages: readonly PageReport[]): PageReport[] {
  const byAir = new Map<string, string[]>()
  const keyOf = ({ air }: PageReport): string | undefined => {
    const parsed = air === null ? undefined : parseAir(air)
    return parsed === undefined ? undefined : airKey(parsed)
  }
  const keys = pages.map(keyOf)
  for (const [at, key] of keys.entries()) {
    if (key === undefined) continue
    const paths = byAir.get(key)
    const path = pages[at]?.file_path ?? ''
    if (paths === undefined) byAir.set(key, [path])
    else paths.push(path)
  }
  return pages.map((page, at) => {
    const same = byAir.get(keys[at] ?? '') ?? []
    // Of thousands with one AIR each looks at the first few alone.
    const others = same.slice(0, MOST_NAMED + 1).filter((path) => path !== page.file_path)
    if (others.length === 0) return page
    const shown = others.slice(0, MOST_NAMED)
    const left = same.length - 1 - shown.length
    return {
      ...page,
      notes: [...page.notes, `the same AIR as ${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`],
    }
  })
}
