import { stat } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { HashPool } from '../hash/pool.ts'
import { compareFile } from './judge-file.ts'
import { codeOf } from './place-files.ts'
import type { DownloadedFile, DownloadRequest } from './request.ts'

/**
 * The file that has the final name already, if it is the one that is wanted; undefined where nothing has that name.
 * @throws AppError conflict for any other file, and for one of which nothing tells what it is; cancelled
 */
export async function findThere(
  { target, expected, signal }: DownloadRequest,
  hashes: Pick<HashPool, 'hashFile'>,
): Promise<DownloadedFile | undefined> {
  let sizeBytes: number
  try {
    const found = await stat(target)
    if (!found.isFile()) throw taken()
    sizeBytes = found.size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const provable = expected.sha256 !== undefined || expected.tensorSha256 !== undefined
  if (!provable || (expected.sizeBytes ?? sizeBytes) !== sizeBytes) throw taken()
  const tensor = expected.tensorSha256 !== undefined
  const { sha256, tensorSha256 } = await hashes.hashFile(target, { engine: 'native', tensor, signal })
  const hash = { sha256, tensorSha256, hashedBy: 'native' } as const
  if (compareFile(expected, hash, sizeBytes) !== undefined) throw taken()
  return { path: target, ...hash, sizeBytes, fetchedBytes: 0, bytesBySource: {} }
}

const taken = (): AppError =>
  new AppError('conflict', 'Cannot download the file: another file has its name', {
    hint: 'Move that file away, or choose another name',
  })
