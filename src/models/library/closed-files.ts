import { realpath } from 'node:fs/promises'
import type { ModelRoot } from '../root.ts'
import type { WalkedFile } from '../scan/walked-file.ts'

/** Whether the index leaves a file out. */
export type IsClosed = (file: Pick<WalkedFile, 'path' | 'root'>) => boolean

/**
 * Keys, tokens and databases of this program are no models, whatever links lead to them and whatever they are called: what
 * is indexed is shown and served to others. A model folder within such a folder stays open.
 * @param closed files and folders, some of which may not exist
 */
export async function closedFiles(closed: readonly string[], roots: readonly ModelRoot[]): Promise<IsClosed> {
  const shut = await Promise.all(closed.map(realPathOf))
  const realRoots = new Map(await Promise.all(roots.map(async ({ path }) => [path, await realPathOf(path)] as const)))
  return ({ path, root }) => {
    const own = realRoots.get(root) ?? root
    return shut.some((place) => isWithin(path, place) && !(isWithin(own, place) && isWithin(path, own)))
  }
}

const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => path)

const isWithin = (path: string, place: string): boolean =>
  path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`)
