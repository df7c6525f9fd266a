/** What ListModels shows of a folder. */
export interface FolderContent<T> {
  readonly folders: readonly string[]
  readonly files: readonly T[]
}

const MAX_DEPTH = 20

/**
 * Files in the folder `path` and its folders, which SwarmUI writes relative to it; `depth` 1 is the folder alone.
 * @param depth what is no number counts as 1
 */
export function listFolder<T extends { readonly name: string }>(
  models: readonly T[],
  path: string,
  depth: unknown,
): FolderContent<T> {
  const levels = Math.min(Math.max(Math.trunc(Number(depth)) || 1, 1), MAX_DEPTH)
  const trimmed = path
    .replaceAll('\\', '/')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/^\//, '')
    .replace(/\/$/, '')
  const prefix = trimmed === '' ? '' : `${trimmed}/`
  const folders = new Set<string>()
  const files: T[] = []
  for (const model of models) {
    if (!model.name.startsWith(prefix)) continue
    const parts = model.name.slice(prefix.length).split('/')
    for (let level = 1; level <= levels && level < parts.length; level += 1)
      folders.add(parts.slice(0, level).join('/'))
    if (parts.length <= levels) files.push(model)
  }
  return { folders: [...folders], files }
}
