import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { createListingRecords, type ListingRecords } from './listing-records.ts'
import { planFolders } from './remote-folders.ts'
import { type RemoteFile, type RemoteListing, remotePath } from './remote-listing.ts'
import { askRemote } from './remote-session.ts'
import { hashRequests, listRequests, uiHomeValue } from './request-values.ts'
import { SshFailure } from './ssh-failure.ts'
import type { SshRun } from './ssh-run.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'

export interface ListRequest {
  readonly target: SshTarget
  /** On the far side, absolute or below `~/`; found there where it is left out. */
  readonly uiHome?: string | undefined
  /** From the home of the UI (`` is itself), absolute, or below `~/`. */
  readonly folders: readonly string[]
  /** Which of the listed files are to be hashed there, over the same connection. */
  readonly toHash?: ((listing: RemoteListing) => readonly RemoteFile[]) | undefined
  readonly signal: AbortSignal
  /** Files that are listed by now. */
  readonly onProgress?: ((files: number) => void) | undefined
}

export interface ListingLimits {
  /** Files of one host. */
  readonly maxFiles: number
  /** Silence of a host that lists: a folder on a slow network disk may take that long. */
  readonly listSilenceMs: number
  /** Silence of a host that hashes one file: 40 GB at 40 MB/s. */
  readonly hashSilenceMs: number
}

export interface ListOverDeps {
  readonly clock: Clock
  readonly uiHomeFiles: readonly string[]
  readonly usualHomes: readonly string[]
  readonly limits: ListingLimits
}

/**
 * Lists over a connection that stands, and hashes what is asked for.
 * @throws SshFailure; AppError invalid_input (ui_home); the signal's reason
 */
export async function listOver(run: SshRun, request: ListRequest, deps: ListOverDeps): Promise<RemoteListing> {
  const { target, signal, onProgress, toHash } = request
  const { maxFiles, listSilenceMs, hashSilenceMs } = deps.limits
  const { wishes, refused } = planFolders(request.folders)
  const records = createListingRecords()
  let overfull = false
  const take = (record: string): boolean => {
    const taken = records.take(record)
    overfull ||= records.files.length > maxFiles
    return taken && !overfull
  }
  const requests = listRequests({ ...deps, uiHome: uiHomeValue(request.uiHome) }, wishes)
  for (const values of requests) {
    const piece = { mode: 'list', values, onRecord: take, silenceMs: listSilenceMs } as const
    const onPiece = (): void => onProgress?.(records.files.length)
    await askRemote(run, target, newToken(), signal, { ...piece, onPiece }).catch((error: unknown) => {
      throw overfull ? tooManyFiles(target, maxFiles) : error
    })
    const relative = wishes.some(({ folder }) => !/^[/~]/.test(folder))
    demandUiHome(records, request, relative)
  }
  const listing: RemoteListing = {
    host: records.host,
    target: describeTarget(target),
    uiHome: records.uiHome,
    folders: records.folders,
    refused,
    files: records.files,
    sha256: new Map(),
    listedAt: deps.clock.now(),
  }
  const chosen = toHash?.(listing) ?? []
  return { ...listing, sha256: await hashOver(run, target, chosen, hashSilenceMs, signal) }
}

async function hashOver(
  run: SshRun,
  target: SshTarget,
  files: readonly RemoteFile[],
  silenceMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<RemoteFile, string>> {
  const digests = new Map<RemoteFile, string>()
  const waiting = [...files]
  const onRecord = (record: string): boolean => {
    const [, digest] = /^H((?:[0-9a-f]{64})?)$/.exec(record) ?? []
    const file = waiting.shift()
    if (file === undefined || digest === undefined) return false
    if (digest !== '') digests.set(file, digest)
    return true
  }
  for (const values of hashRequests(files.map(remotePath))) {
    await askRemote(run, target, newToken(), signal, { mode: 'hash', values, onRecord, silenceMs })
  }
  return digests
}

/** Nobody on the far side can have printed it before. */
const newToken = (): string => `airkeep-${randomBytes(16).toString('hex')}`

function demandUiHome(records: ListingRecords, { target, uiHome }: ListRequest, relative: boolean): void {
  if (records.uiHome !== undefined || (uiHome === undefined && !relative)) return
  const reason =
    uiHome === undefined
      ? 'nothing there says where the UI is'
      : 'the home of the UI that was given is not a folder there'
  throw new SshFailure('no_ui_home', `Cannot look at ${describeTarget(target)}: ${reason}`, {
    hint: 'Give the home of the UI on that host: --ui-home /workspace/ComfyUI',
  })
}

const tooManyFiles = (target: SshTarget, limit: number): SshFailure =>
  new SshFailure('too_much', `Cannot look at ${describeTarget(target)}: there are more than ${limit} files`, {
    hint: 'Name the home of the UI, and no folder above it',
  })
