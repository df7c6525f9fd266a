import { type BigIntStats, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nameKind } from '../../../src/models/scan/file-names.ts'

/** A real file: every path that leads to it, and whether something still writes it. */
export interface ReferenceFile {
  readonly listed: readonly string[]
  readonly partial: boolean
}

/**
 * The rules of a walk in the plainest words: slow, and nothing clever. Real files by device and inode.
 * @param roots real paths
 */
export function referenceWalk(roots: readonly string[]): ReferenceFile[] {
  const files = new Map<string, { listed: Set<string>; partial: boolean }>()
  for (const root of roots) enter(root, [])
  return [...files.values()]
    .map(({ listed, partial }) => ({ listed: [...listed].toSorted(), partial }))
    .toSorted((a, b) => ((a.listed[0] ?? '') < (b.listed[0] ?? '') ? -1 : 1))

  /** @param above real paths of the folders through which it was reached */
  function enter(folder: string, above: readonly string[]): void {
    const real = realpathSync(folder)
    if (above.includes(real)) return
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.')) continue
      const path = join(folder, name)
      const info = look(path)
      if (info === undefined) continue
      if (info.isDirectory()) {
        const target = realpathSync(path)
        const isLink = lstatSync(path).isSymbolicLink()
        if (isLink && (`${real}/`.startsWith(`${target}/`) || `${target}/`.includes('/.airkeep/'))) continue
        enter(path, [...above, real])
      }
      const kind = nameKind(name)
      if (!info.isFile() || (kind !== 'model' && kind !== 'partial')) continue
      const key = `${info.dev}:${info.ino}`
      const file = files.get(key) ?? { listed: new Set(), partial: false }
      file.listed.add(path)
      file.partial ||=
        kind === 'partial' || lstatSync(`${path}.aria2`, { throwIfNoEntry: false })?.isDirectory() === false
      files.set(key, file)
    }
  }
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return undefined
  }
}
