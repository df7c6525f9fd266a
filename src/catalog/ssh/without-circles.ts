import { DEEP } from './remote-folders.ts'
import type { RemoteFile } from './remote-listing.ts'

/**
 * The files without those that a link in a circle shows again: not every `find` stays out of them. Such a link shows
 * them again and again, as deep as is looked (`a/self/x` and `a/self/self/x` beside `a/x`). Other second paths stay,
 * since a UI finds the file by them too: a link to the file itself, or to a folder that is also listed by its own path.
 */
export function withoutCircles(files: readonly RemoteFile[]): readonly RemoteFile[] {
  const byId = new Map<string, RemoteFile[]>()
  for (const file of files) {
    if (file.id === undefined) continue
    const key = `${file.id} ${file.folder.path}`
    const same = byId.get(key)
    if (same === undefined) byId.set(key, [file])
    else same.push(file)
  }
  const again = new Set<RemoteFile>()
  for (const same of byId.values()) {
    if (same.length === 1) continue
    const paths = new Set(same.map(({ path }) => path))
    for (const file of same) if (goesRound(file.path.split('/'), paths)) again.add(file)
  }
  return again.size === 0 ? files : files.filter((file) => !again.has(file))
}

/** Whether the file is there too without some of these folders, and again with them twice, or that would be too deep. */
function goesRound(parts: readonly string[], paths: ReadonlySet<string>): boolean {
  for (let from = 0; from < parts.length - 1; from += 1) {
    for (let to = from + 1; to < parts.length; to += 1) {
      if (!paths.has([...parts.slice(0, from), ...parts.slice(to)].join('/'))) continue
      const twice = [...parts.slice(0, to), ...parts.slice(from)]
      if (twice.length > DEEP || paths.has(twice.join('/'))) return true
    }
  }
  return false
}
