import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { AppError } from '../errors.ts'
import { isPageName, isWithin, reasonOf } from '../lib/page-folder.ts'

/** Folders in which older programs keep the pages of a category, by the name that they give it in requests. */
const CATEGORIES: Readonly<Record<string, string>> = {
  checkpoints: 'Checkpoints/checkpoints',
  loras: 'LoRAs/loras',
  encoders: 'Encoders/encoders',
  embeddings: 'Embeddings/embeddings',
  upscalers: 'Upscalers/upscalers',
  adetailer: 'ADetailer/adetailer',
  adetailers: 'ADetailer/adetailer',
  workflows: 'Workflows/workflows',
}

/** The path must not climb, whatever is at its end. @throws AppError invalid_input */
export function refuseClimbing(filePath: string): void {
  if (filePath.split(/[/\\]/).includes('..')) throw leadsOut()
}

/**
 * The real path of a page that somebody names.
 * @param filePath below one of `roots`, or absolute and inside of one
 * @param roots real paths of catalogs
 * @throws AppError invalid_input (leads out, names no page), not_found, forbidden
 */
export async function locatePage(filePath: string, roots: readonly string[]): Promise<string> {
  refuseClimbing(filePath)
  if (!isPageName(filePath)) {
    throw new AppError('invalid_input', 'file_path must name a page, a file that ends in .md')
  }
  let failure: AppError = new AppError('not_found', `${filePath} does not exist in the catalog`)
  for (const root of roots) {
    for (const path of candidates(filePath, root)) {
      try {
        const real = await realpath(path)
        const isInside = isWithin(real, root)
        if (isInside && (await stat(real)).isFile()) return real
        failure = isInside ? new AppError('invalid_input', `${filePath} is no regular file`) : leadsOut()
      } catch (error) {
        failure = orKeep(failure, error, filePath)
      }
    }
  }
  // Where nothing lies a name is told by its place alone.
  if (isAbsolute(filePath) && !roots.some((root) => isWithin(filePath, root))) throw leadsOut()
  throw failure
}

function candidates(filePath: string, root: string): string[] {
  if (isAbsolute(filePath)) return [filePath]
  const slash = filePath.indexOf('/')
  const category = slash < 0 ? '' : filePath.slice(0, slash).toLowerCase()
  const folder = Object.hasOwn(CATEGORIES, category) ? CATEGORIES[category] : undefined
  const own = join(root, filePath)
  return folder === undefined ? [own] : [own, join(root, folder, filePath.slice(slash + 1))]
}

function orKeep(failure: AppError, error: unknown, filePath: string): AppError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return failure
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('forbidden', `${filePath} cannot be read: permission denied`, { cause: error })
  }
  return new AppError('invalid_input', `${filePath} cannot be read: ${reasonOf(error)}`, { cause: error })
}

export const leadsOut = (): AppError =>
  new AppError('invalid_input', 'file_path leads out of the catalog', {
    hint: 'Name a page by its path below the folder of the catalog',
    errors: [{ path: 'file_path', expected: 'file_path must be a path below the folder of the catalog' }],
  })
