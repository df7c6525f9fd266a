/** Paths of a host, which need not be this one: absolute, `/` between the parts. */

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Without a slash at its end; the root itself is `/`. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

export const joinPath = (folder: string, below: string): string =>
  below === '' ? folder : `${folder === '/' ? '' : folder}/${below}`

/** In the folder, at any depth, or the folder itself. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`)
