import { basename, dirname } from 'node:path'
import { createAdmission } from './admission.ts'
import type { AttemptDeps } from './attempt.ts'
import { DifferentFile } from './different-file.ts'
import { isProven } from './judge-file.ts'
import type { Part } from './part.ts'
import type { PrefixHash } from './prefix-hash.ts'
import type { DownloadRequest } from './request.ts'
import { createRoom } from './room.ts'
import type { Supply } from './supply.ts'
import { transfer } from './transfer.ts'

export interface Fetching {
  readonly request: DownloadRequest
  readonly part: Part
  readonly supplies: readonly Supply[]
  readonly hash: PrefixHash
  readonly unmixed: boolean
}

/** The last run came to its end, and a digest will tell; that of the tensors where all of it is of one source. */
const isTold = ({ expected }: DownloadRequest, { validators }: Part): boolean =>
  isProven(expected) && (expected.sha256 !== undefined || validators.size <= 1)

/** Gives the digest that the sources declare. */
export async function fetchMissing(deps: AttemptDeps, fetching: Fetching): Promise<string | undefined> {
  const { request, part, supplies, hash, unmixed } = fetching
  if (part.sizeBytes !== undefined && part.written.has(0, part.sizeBytes) && isTold(request, part)) return undefined
  const room = createRoom(deps.space, dirname(request.target))
  const reserve = async (bytes: number): Promise<void> => {
    deps.progress.set({ phase: 'downloading', bytesTotal: part.sizeBytes })
    await room.reserve(bytes)
  }
  const alone = (): boolean => supplies.reduce((sum, { active }) => sum + active, 0) <= 1
  const admission = createAdmission({ request, part, unmixed, reserve, alone })
  const { signal } = request
  try {
    await transfer({
      ...deps,
      ...{ part, hash, supplies, admission, signal, name: basename(request.target), onFresh: room.written },
      onProgress: (state) =>
        deps.progress.set({ phase: part.sizeBytes === undefined ? 'opening' : 'downloading', ...state }),
    })
    return admission.declaredSha256()
  } catch (reason) {
    if (supplies.length > 0 && supplies.every(({ dead }) => dead?.kind === 'different')) {
      throw new DifferentFile({ reason, fetched: false })
    }
    throw reason
  } finally {
    room.release()
  }
}
