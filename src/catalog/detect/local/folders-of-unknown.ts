import type { FindKnownFiles } from './known-files.ts'
import type { LookAnswer } from './messages.ts'

/** The folders in which a model lies of which the index does not know the version at Civitai. */
export async function foldersOfUnknown(
  findKnown: FindKnownFiles,
  strangers: LookAnswer['strangers'],
): Promise<ReadonlySet<string>> {
  const paths = [...new Set(strangers.flatMap(([, files]) => files.map(({ real }) => real)))]
  const rows = paths.length === 0 ? [] : await findKnown({ digests: [], versions: [], stems: [], paths })
  const known = new Map(rows.filter(({ civitaiVersionId: id }) => id !== null).map((row) => [row.path, row]))
  const isUnknown = ({ real, sizeBytes, modifiedUs }: LookAnswer['strangers'][number][1][number]): boolean => {
    const row = known.get(real)
    return row === undefined || row.sizeBytes !== sizeBytes || row.modifiedUs !== modifiedUs
  }
  return new Set(strangers.filter(([, files]) => files.some(isUnknown)).map(([folder]) => folder))
}
