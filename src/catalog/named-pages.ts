import { realpath } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { LocalFiles } from '../access/local-files.ts'
import { AppError } from '../errors.ts'
import { outsideRoots } from '../lib/exact-file.ts'
import { isPageName, isWithin } from '../lib/page-folder.ts'
import type { Actor } from '../operation/permission.ts'
import { leadsOut, locatePage, refuseClimbing } from './locate-page.ts'

export interface NamedPagesDeps {
  readonly localFiles: LocalFiles
  /** The catalogs of this host, as configured. */
  readonly roots: () => readonly string[]
}

export interface NamedPages {
  /**
   * The folder in which pages are looked for.
   * @param forChange callers with a token change pages in the configured catalogs alone, wherever else they may read
   * @throws AppError invalid_input, not_found, forbidden
   */
  openCatalog(catalogDir: string, actor: Actor, forChange?: boolean): Promise<string>
  /**
   * Real paths of the configured catalogs, the first that counts first; empty where none is configured.
   * @throws AppError not_found (none of them is there), forbidden
   */
  openConfigured(actor: Actor): Promise<readonly string[]>
  /**
   * Refuses the name of a text that was sent: it must lie in the catalog as the name of a file would.
   * @param catalog real path of the folder
   * @throws AppError invalid_input
   */
  refuseOutside(filePath: string, catalog: string | undefined): Promise<void>
  /**
   * Real path of a page. Without a folder it lies in one of the configured catalogs; only where none is configured may
   * the owner name any page.
   * @param catalog real path of the folder
   * @throws AppError invalid_input, not_found, forbidden
   */
  find(filePath: string, catalog: string | undefined, actor: Actor): Promise<string>
}

/** Which pages a caller may name. */
export function createNamedPages({ localFiles, roots }: NamedPagesDeps): NamedPages {
  const realRoots = async (): Promise<string[]> => {
    const found = await Promise.all(roots().map((root) => realpath(root).catch(() => undefined)))
    return found.filter((root) => root !== undefined)
  }

  return {
    async openCatalog(catalogDir, actor, forChange = false) {
      const folder = await localFiles.findFolder(catalogDir, actor)
      const isOpen = !forChange || actor.kind === 'owner' || (await realRoots()).some((root) => isWithin(folder, root))
      if (!isOpen) throw outsideRoots()
      return folder
    },
    async openConfigured(actor) {
      const configured = roots()
      const found = await realRoots()
      if (configured.length > 0 && found.length === 0) {
        throw new AppError('not_found', 'None of the folders of AIRKEEP_CATALOG exists', {
          hint: 'Make the folder, or name another with catalog_dir',
        })
      }
      return Promise.all(found.map((root) => localFiles.findFolder(root, actor)))
    },
    async refuseOutside(filePath, catalog) {
      refuseClimbing(filePath)
      if (!isAbsolute(filePath)) return
      const folders = catalog === undefined ? [...roots(), ...(await realRoots())] : [catalog]
      if (folders.length > 0 && !folders.some((folder) => isWithin(filePath, folder))) throw leadsOut()
    },
    async find(filePath, catalog, actor) {
      refuseClimbing(filePath)
      if (catalog !== undefined) return locatePage(filePath, [catalog])
      if (actor.kind === 'owner' && isAbsolute(filePath) && roots().length === 0) {
        const { path } = await localFiles.find(filePath, actor)
        if (isPageName(path)) return path
        throw new AppError('invalid_input', 'file_path must name a page, a file that ends in .md')
      }
      const real = await realRoots()
      if (real.length > 0) return locatePage(filePath, real)
      throw new AppError('invalid_input', `${filePath} cannot be found: no catalog is known`, {
        hint: 'Name the folder with catalog_dir, or set AIRKEEP_CATALOG',
      })
    },
  }
}
