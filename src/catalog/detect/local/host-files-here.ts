import { stat } from 'node:fs/promises'
import { toMicroseconds, toSafeNumber } from '../../../lib/file-numbers.ts'
import { inParallel } from '../../../lib/in-parallel.ts'
import { USELESS_STATES } from '../../../models/inspect/inspection.ts'
import { listedPathOf } from '../../../models/library/rows.ts'
import type { ModelType } from '../../../models/model-file.ts'
import { type Knowledge, toHostFiles } from '../host-files.ts'
import type { HostFile } from '../host-index.ts'
import { isWithin } from '../paths.ts'
import type { Heads } from './heads.ts'
import type { FindKnownFiles, KnownFile } from './known-files.ts'
import type { FoundFile } from './messages.ts'
import type { ScopeRoot } from './scope.ts'

export interface HereDeps {
  readonly findKnown: FindKnownFiles
  readonly heads: Heads
}

/** Looks at once at files of the index. */
const AT_ONCE = 16

/**
 * The files that were found, with what the index knows of them and what their heads say; and those that the index alone
 * knows, as far as they are still there.
 * @throws what `findKnown` and `heads.read` throw
 */
export async function hostFilesHere(
  { findKnown, heads }: HereDeps,
  found: readonly FoundFile[],
  known: readonly KnownFile[],
  { signal, roots }: { readonly signal: AbortSignal; readonly roots: readonly ScopeRoot[] },
): Promise<readonly HostFile[]> {
  const rows = new Map<string, KnownFile>()
  const take = (row: KnownFile): void => {
    for (const path of pathsOf(row)) rows.set(path, row)
  }
  known.forEach(take)
  const paths = new Set(found.map(({ real }) => real).filter((path) => !rows.has(path)))
  for (const row of await findKnown({ digests: [], versions: [], stems: [], paths: [...paths] })) take(row)
  const met = new Set(found.flatMap(({ path, real }) => [path, real]))
  const files = [...found, ...(await stillThere(known.filter((row) => !pathsOf(row).some((path) => met.has(path)))))]
  const rowOf = (file: FoundFile): KnownFile | undefined => {
    const row = rows.get(file.real)
    return row !== undefined && isAsKnown(file, row) ? row : undefined
  }
  await heads.read(
    files.filter((file) => (rowOf(file)?.inspectedAt ?? null) === null),
    signal,
  )
  const typed = roots.filter(({ type }) => type !== undefined)
  return toHostFiles(files, (file) => knowledgeOf(rowOf(file), heads.faultOf(file), typeIn(typed, file)))
}

/** As the UI is told what a folder of any name holds. */
const typeIn = (typed: readonly ScopeRoot[], { path }: FoundFile): ModelType | undefined =>
  typed.find((root) => isWithin(path, root.path))?.type

function knowledgeOf(row: KnownFile | undefined, ofHead: string | undefined, type: ModelType | undefined): Knowledge {
  if (row === undefined) return { fault: ofHead, type }
  // Marks tell of what is still being written; the index may have seen one that is gone.
  const isUseless = row.state !== 'partial' && USELESS_STATES.includes(row.state)
  return {
    sha256: row.sha256 ?? undefined,
    civitaiVersionId: row.civitaiVersionId ?? undefined,
    type: row.type,
    fault: isUseless ? (row.fault ?? 'Nothing could load it') : ofHead,
  }
}

export const pathsOf = (row: KnownFile): readonly string[] => [row.path, listedPathOf(row), ...row.aliases.map(String)]

const isAsKnown = ({ sizeBytes, modifiedUs }: Pick<FoundFile, 'sizeBytes' | 'modifiedUs'>, row: KnownFile): boolean =>
  sizeBytes === row.sizeBytes && modifiedUs === row.modifiedUs

/** Files of the index where no folder was looked through, each by one look. */
async function stillThere(rows: readonly KnownFile[]): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = []
  await inParallel(rows, AT_ONCE, async (row) => {
    try {
      const info = await stat(row.path, { bigint: true })
      const now = { sizeBytes: toSafeNumber(info.size), modifiedUs: toMicroseconds(info.mtimeNs) }
      if (info.isFile() && isAsKnown(now, row)) files.push({ path: listedPathOf(row), real: row.path, ...now })
    } catch {
      // It is gone, or its volume is.
    }
  })
  return files
}
