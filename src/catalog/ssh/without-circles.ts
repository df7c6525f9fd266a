import { type RemoteFile, remotePath } from './remote-listing.ts'

/**
 * The files without those that a link in a circle shows again: not every `find` stays out of them. Of two paths of one
 * file the one goes that is the other with folders between (`a/self/x` beside `a/x`). Other second paths stay, since a UI
 * finds the file by them too.
 */
export function withoutCircles(files: readonly RemoteFile[]): readonly RemoteFile[] {
  const byId = new Map<string, RemoteFile[]>()
  for (const file of files) {
    if (file.id === undefined) continue
    const same = byId.get(file.id)
    if (same === undefined) byId.set(file.id, [file])
    else same.push(file)
  }
  const again = new Set<RemoteFile>()
  for (const same of byId.values()) {
    if (same.length === 1) continue
    const kept: (readonly string[])[] = []
    const paths = same.map((file) => ({ file, parts: remotePath(file).split('/') }))
    for (const { file, parts } of paths.toSorted((one, other) => one.parts.length - other.parts.length)) {
      if (kept.some((shorter) => goesRound(parts, shorter))) again.add(file)
      else kept.push(parts)
    }
  }
  return again.size === 0 ? files : files.filter((file) => !again.has(file))
}

/** Whether `path` has the parts of `shorter` in their order, the name at its end, and others between them. */
function goesRound(path: readonly string[], shorter: readonly string[]): boolean {
  if (path.length <= shorter.length || path.at(-1) !== shorter.at(-1)) return false
  let at = 0
  for (const part of path) if (part === shorter[at]) at += 1
  return at === shorter.length
}
