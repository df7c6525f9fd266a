import { contentsOf, type DownloadInput, sourceId } from './download-input.ts'
import type { DownloadedFiles } from './downloaded-files.ts'
import type { LocalCopies, LocalCopy } from './local-copies.ts'
import type { Offer } from './wanted.ts'

export interface FindCopyDeps {
  readonly localCopies: LocalCopies
  readonly files: Pick<DownloadedFiles, 'findBySource'>
}

export interface FindCopyOptions {
  readonly signal: AbortSignal
  /** Of files that are read to see whether one of them is it. */
  readonly onBytes: (done: number, total: number) => void
  /** Another download may have brought it just now. */
  readonly isBrought: boolean
}

/** A file of this host with the bytes that a download is for, by their digests. @throws the signal's reason */
export async function findCopy(
  { localCopies, files }: FindCopyDeps,
  { wanted, place }: Pick<DownloadInput, 'wanted' | 'place'>,
  offers: readonly Offer[],
  { signal, onBytes, isBrought }: FindCopyOptions,
): Promise<LocalCopy | undefined> {
  const named = (algorithm: string): string | undefined =>
    wanted?.hashes.find((hash) => hash.algorithm === algorithm)?.value
  const bytes = {
    type: place.type,
    sha256: offers.find(({ sha256 }) => sha256 !== undefined)?.sha256 ?? named('sha256'),
    tensorSha256: offers.find((offer) => offer.tensor_sha256 !== undefined)?.tensor_sha256 ?? named('tensor_sha256'),
    sizeBytes: offers.find(({ size_bytes: size }) => size !== undefined)?.size_bytes,
  }
  const copy = await localCopies.find(bytes, signal, onBytes)
  const [first] = offers
  if (copy !== undefined || first === undefined || contentsOf(offers).length > 0) return copy
  // Of a source that says nothing of its bytes only this is known: what an address gave, or any of them just now.
  if (first.ref.kind !== 'url' && !isBrought) return undefined
  const row = await files.findBySource(sourceId(first.ref))
  return row === undefined ? undefined : localCopies.at(row.path, row.sha256)
}
