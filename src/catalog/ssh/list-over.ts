import type { Clock } from '../../lib/clock.ts'
import { type ExtraFolders, readExtraFolders } from './extra-folders.ts'
import { createListingRecords, type ListingRecords } from './listing-records.ts'
import { bytesOf, digestOf, type FarSide, newToken, readOver } from './read-over.ts'
import { type FolderWish, planFolders } from './remote-folders.ts'
import type { RemoteFile, RemoteListing } from './remote-listing.ts'
import { escapeName } from './remote-name.ts'
import { askRemote } from './remote-session.ts'
import { listRequests, uiHomeValue } from './request-values.ts'
import { SshFailure } from './ssh-failure.ts'
import type { SshRun } from './ssh-run.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'
import { withoutCircles } from './without-circles.ts'

export interface ListRequest {
  readonly target: SshTarget
  /** On the far side, absolute or below `~/`; found there where it is left out. */
  readonly uiHome?: string | undefined
  /** From the home of the UI (`` is itself), absolute, or below `~/`. */
  readonly folders: readonly string[]
  /** Which of the listed files are to be hashed there, over the same connection. */
  readonly toHash?: ((listing: RemoteListing) => readonly RemoteFile[]) | undefined
  /** Of which the first bytes are to be read there, told the digests. */
  readonly toPeek?: ((listing: RemoteListing) => Promise<readonly RemoteFile[]>) | undefined
  readonly signal: AbortSignal
  /** Files that are listed by now. */
  readonly onProgress?: ((files: number) => void) | undefined
}

export interface ListingLimits {
  /** Files of one host. */
  readonly maxFiles: number
  /** Silence before the first word of an answer: a host that logs nobody in may hang for ever. */
  readonly helloMs: number
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
  const { target, signal, onProgress, toHash, toPeek } = request
  const { maxFiles, helloMs, listSilenceMs, hashSilenceMs } = deps.limits
  const { wishes, refused } = planFolders(request.folders)
  const records = createListingRecords()
  let overfull = false
  const take = (record: string): boolean => {
    const taken = records.take(record)
    overfull ||= records.files.length > maxFiles
    return taken && !overfull
  }
  const list = async (some: readonly FolderWish[], uiHome: Uint8Array): Promise<void> => {
    for (const values of listRequests({ ...deps, uiHome }, some)) await listPiece(values)
  }
  const listPiece = async (values: readonly Uint8Array[]): Promise<void> => {
    const piece = { mode: 'list', values, onRecord: take, silenceMs: listSilenceMs, helloMs } as const
    const onPiece = (): void => onProgress?.(records.files.length)
    await askRemote(run, target, newToken(), signal, { ...piece, onPiece }).catch((error: unknown) => {
      throw overfull ? tooManyFiles(target, maxFiles) : error
    })
    const relative = wishes.some(({ folder }) => !/^[/~]/.test(folder))
    demandUiHome(records, request, relative)
  }
  await list(wishes, uiHomeValue(request.uiHome))
  const { uiHome, userHome } = records
  const extra = await extraFoldersOf(records)
  // Folders of models are looked through wherever they are.
  const more = planFolders(
    extra.folders.map(({ path }) => path),
    (folder) => isHome(folder, records),
  )
  const seen = records.folders.map(({ path }) => path).filter((path) => !isShallow(path, records))
  // Over the same connection, as the rest.
  const unseen = more.wishes.filter(({ folder }) => !seen.some((path) => isBelow(folder, path)))
  if (unseen.length > 0) await list(unseen, uiHomeValue(uiHome?.path))
  const listing: RemoteListing = {
    host: records.host,
    target: describeTarget(target),
    uiHome,
    userHome,
    folders: records.folders,
    extra,
    refused: new Map([...refused, ...more.refused]),
    files: withoutCircles(records.files),
    sha256: new Map(),
    heads: new Map(),
    listedAt: deps.clock.now(),
  }
  const far: FarSide = { run, target, signal, helloMs }
  const toRead = toHash?.(listing) ?? []
  const hashed = {
    ...listing,
    sha256: await readOver(far, toRead, { mode: 'hash', read: digestOf, silenceMs: hashSilenceMs }),
  }
  const peeked = (await toPeek?.(hashed)) ?? []
  return { ...hashed, heads: await readOver(far, peeked, { mode: 'head', read: bytesOf, silenceMs: listSilenceMs }) }
}

const NO_EXTRA: ExtraFolders = { folders: [], problem: undefined }

/** What a ComfyUI there is told to look through besides its own folders. */
async function extraFoldersOf({ uiHome, userHome = '/', extraPaths }: ListingRecords): Promise<ExtraFolders> {
  if (uiHome === undefined || extraPaths === undefined) return NO_EXTRA
  const extra = await readExtraFolders(extraPaths.text, { home: uiHome.path, userHome })
  const broad = extra.folders.find(({ path }) => isHome(path, { uiHome, userHome }))
  if (broad === undefined || extra.problem !== undefined) return extra
  return {
    ...extra,
    problem: `nobody looked into the folders of ${escapeName(broad.path)}: they hold more than models`,
  }
}

type Homes = Pick<ListingRecords, 'uiHome' | 'userHome'>

/** Below these lies everything. */
const isHome = (path: string, { uiHome, userHome }: Homes): boolean =>
  path === '/' || path === uiHome?.path || path === userHome

/** As `planFolders` has it: what lies deeper in it was not listed. */
const isShallow = (path: string, homes: Homes): boolean => isHome(path, homes) || !path.slice(1).includes('/')

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

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
