import { realpath } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { LocalFiles } from '../access/local-files.ts'
import { AppError } from '../errors.ts'
import { outsideRoots } from '../lib/exact-file.ts'
import type { Actor } from '../operation/permission.ts'
import { isPageName, isWithin } from './folder.ts'
import { locatePage, refuseClimbing } from './locate-page.ts'

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
   * Real path of a page. Without a folder it lies in one of the configured catalogs; the owner may name any page.
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
    async find(filePath, catalog, actor) {
      refuseClimbing(filePath)
      if (catalog !== undefined) return locatePage(filePath, [catalog])
      if (actor.kind === 'owner' && isAbsolute(filePath)) {
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
