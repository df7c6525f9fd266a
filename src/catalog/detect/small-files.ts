import { kindOfFolder } from './folder-kinds.ts'
import type { PageCheck } from './page-check.ts'
import { folderOf } from './paths.ts'

/** Few models are smaller; web pages that ask for a login and downloads that broke off are. */
const SMALL_BYTES = 64 * 1024

type Noted = Pick<PageCheck, 'files' | 'notes'>

/**
 * The same check, with a note on each file that is too small to be trusted by its name. For hosts that read no files.
 * @param whole paths of those that are known to be whole
 */
export function noteSmallFiles<T extends Noted>(check: T, whole: ReadonlySet<string> = new Set()): T {
  const notes = check.files.flatMap(({ expected, status, path, size_bytes: size }) => {
    const isByName = status === 'present' || status === 'elsewhere'
    if (!isByName || size === undefined || size >= SMALL_BYTES || path === undefined || whole.has(path)) return []
    if (kindOfFolder(folderOf(path))?.type === 'embedding') return []
    return [`${expected} has only ${size} bytes there, and nobody looked into it: it may be a web page, or cut off`]
  })
  return notes.length === 0 ? check : { ...check, notes: [...check.notes, ...notes] }
}
