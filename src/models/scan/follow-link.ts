import { type BigIntStats, realpathSync, statSync } from 'node:fs'
import { nameKind } from './file-names.ts'
import type { Folder } from './found.ts'
import { codeOf, reasonOf } from './problems.ts'

/** What airkeep itself keeps in a root. */
export const OWN_FOLDER = '.airkeep'

export type LinkTarget =
  | { readonly kind: 'file'; readonly path: string; readonly info: BigIntStats }
  /** Its path ends with a slash. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'skipped'; readonly reason: string }
  /** Nothing that anybody would load. */
  | { readonly kind: 'none' }

const skipped = (reason: string): LinkTarget => ({ kind: 'skipped', reason })
const NOWHERE = skipped('it is a symlink that leads nowhere')
const CIRCLE = skipped('it is a symlink that leads in a circle')
const NONE: LinkTarget = { kind: 'none' }

/** Where the symlink `name` in a folder leads. Opens nothing. */
export function followLink(folder: Folder, name: string): LinkTarget {
  const link = folder.real + name
  try {
    const info = statSync(link, { bigint: true })
    if (info.isDirectory()) return followToFolder(folder, realpathSync.native(link))
    const kind = nameKind(name)
    if (kind !== 'model' && kind !== 'partial') return NONE
    if (!info.isFile()) return skipped('it is a symlink to something that is no regular file')
    return { kind: 'file', path: realpathSync.native(link), info }
  } catch (error) {
    if (codeOf(error) === '') throw error
    if (codeOf(error) === 'ELOOP') return CIRCLE
    return codeOf(error) === 'ENOENT' ? NOWHERE : skipped(`it is a symlink, and of where it leads: ${reasonOf(error)}`)
  }
}

function followToFolder(folder: Folder, path: string): LinkTarget {
  const real = path.endsWith('/') ? path : `${path}/`
  // Also where it leads out of the root: all that lies beside the root would become a part of it.
  if (folder.real.startsWith(real)) return CIRCLE
  if (real.includes(`/${OWN_FOLDER}/`)) return NONE
  return { kind: 'folder', path: real }
}
