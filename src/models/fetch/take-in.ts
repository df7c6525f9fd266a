import { type FileHandle, open, realpath } from 'node:fs/promises'
import { and, eq, isNull } from 'drizzle-orm'
import type { DownloadedFile } from '../../download/request.ts'
import type { AutoV1, Sha256 } from '../../hash/digest.ts'
import { createNativeSha256, type Sha256Hasher } from '../../hash/native.ts'
import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from '../../hash/safetensors.ts'
import { sampleBlocks, startSample } from '../../hash/sample.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import { createDigestKeeper } from '../library/digests.ts'
import type { LibraryReader } from '../library/reader.ts'
import type { Refresher } from '../library/refresh.ts'
import { listedPathOf } from '../library/rows.ts'
import type { LibraryDeps } from '../library/take-changes.ts'
import type { ModelRoot } from '../root.ts'
import { modelFilesTable as files } from '../table.ts'
import type { Place } from './placement.ts'

export interface TakenIn {
  /** Absolute, as listed below its root. */
  readonly path: string
  /** As a UI lists it. */
  readonly name: string
}

/**
 * Makes a file that was fetched and verified part of the library, with the digests that are known by then: nothing reads
 * it a second time. Undefined where the index leaves it out.
 * @throws the signal's reason; what Db.write throws
 */
export type TakeIn = (place: Place, file: DownloadedFile, signal: AbortSignal) => Promise<TakenIn | undefined>

export interface TakeInDeps extends LibraryDeps {
  readonly refresher: Refresher
  readonly reader: Pick<LibraryReader, 'inspectAll'>
  /** The folders that `named` means; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Leaves digests on the volumes that they belong to, for the next host. Never throws. */
  readonly leaveDigests: (roots: readonly ModelRoot[]) => Promise<void>
}

export function createTakeIn(deps: TakeInDeps): TakeIn {
  const { db, instanceId, refresher, reader, rootsOf, leaveDigests } = deps
  const keeper = createDigestKeeper(deps)

  /** Enough to find it by; the rest is read with all else that has no digests. */
  async function keepWhole(path: string, sha256: Sha256): Promise<void> {
    await db.write(async (tx) => {
      await tx
        .update(files)
        .set({ sha256, digestSource: 'computed' })
        .where(and(eq(files.instanceId, instanceId()), eq(files.path, path), isNull(files.sha256)))
    })
  }

  return async ({ root, dir }, file, signal) => {
    const known = await rootsOf([])
    const isKnown = known.some(({ path }) => path === root.path)
    await refresher.refresh({
      roots: isKnown ? known : [root],
      hostRoots: isKnown ? known : undefined,
      only: { root: root.path, folders: [dir] },
      signal,
    })
    const path = await realpath(file.path)
    const digest = await digestOf(path, file)
    if (digest === undefined || !(await keeper.store(path, digest))) await keepWhole(path, file.sha256)
    await reader.inspectAll(signal)
    await leaveDigests([root])
    const [row] = await db.read
      .select()
      .from(files)
      .where(and(eq(files.instanceId, instanceId()), eq(files.path, path), isNull(files.goneAt)))
    return row === undefined ? undefined : { path: listedPathOf(row), name: row.name }
  }
}

/** Of AutoV1, as in whole-file.ts. */
const AUTO_V1 = { from: 0x100000, bytes: 0x10000 }

/**
 * All digests of a file of which that of the whole is known: reads some hundred KiB. Undefined where the one of its
 * tensors would take reading all of it.
 */
async function digestOf(path: string, file: DownloadedFile): Promise<FileDigest | undefined> {
  const { sha256, tensorSha256, sizeBytes, hashedBy: engine } = file
  const handle = await open(path, 'r')
  try {
    const stats = await handle.stat({ bigint: true })
    if (Number(stats.size) !== sizeBytes) return undefined
    const start = await read(handle, 0, SHORTEST_SAFETENSORS)
    const offset = safetensorsDataOffset(start, sizeBytes)
    if (tensorSha256 === undefined && offset !== undefined && offset < sizeBytes) return undefined
    const sample = startSample(sizeBytes)
    for (const { from, to } of sampleBlocks(sizeBytes)) sample.update(await read(handle, from, to - from))
    return {
      sha256,
      ...(tensorSha256 === undefined ? {} : { tensorSha256 }),
      ...(sizeBytes > AUTO_V1.from ? { autoV1: await autoV1Of(handle) } : {}),
      sample: sample.digest(),
      sizeBytes,
      modifiedUs: toMicroseconds(stats.mtimeNs),
      engine,
      seconds: 0,
      readSeconds: 0,
      turnSeconds: 0,
    }
  } finally {
    await handle.close()
  }
}

async function autoV1Of(handle: FileHandle): Promise<AutoV1> {
  const hasher: Sha256Hasher = createNativeSha256()
  hasher.update(await read(handle, AUTO_V1.from, AUTO_V1.bytes))
  return hasher.digest().slice(0, 8) as AutoV1
}

/** Fewer bytes only at the end of the file. */
async function read(handle: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
