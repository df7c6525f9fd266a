import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExpectedFile } from './expected.ts'

/** How the digest file of a root differs from what it must hold; a missing one holds nothing. */
export function volumeDeviations(root: string, expected: ReadonlyMap<string, ExpectedFile>): string[] {
  const path = join(root, '.airkeep/digests.jsonl')
  const must = [...expected.values()].filter((file) => file.root === root && file.sha256 !== null)
  if (!existsSync(path)) return must.length === 0 ? [] : [`${path} is missing`]
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n').slice(0, -1)
  const end = JSON.parse(lines.at(-1) ?? '{}') as { entries?: number; sha256?: string }
  const body = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
  const found: string[] = []
  if (end.sha256 !== createHash('sha256').update(body).digest('hex')) found.push(`${path} is not complete`)
  const entries = lines.slice(1, -1).map((line) => JSON.parse(line) as [string, number, number, string])
  const byRelative = new Map(entries.map((entry) => [entry[0], entry]))
  if (entries.length !== must.length) found.push(`${path} has ${entries.length} entries, must have ${must.length}`)
  for (const file of must) {
    const [, size, modified, sha256] = byRelative.get(file.relative) ?? []
    if (size !== file.sizeBytes || modified !== file.modifiedUs || sha256 !== file.sha256) {
      found.push(`${path}: the entry of ${file.relative} is not right`)
    }
  }
  return found
}
