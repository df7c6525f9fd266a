import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { ensureOpened } from '../lib/exact-file.ts'
import { syncDir } from '../lib/files.ts'
import { createId } from '../lib/id.ts'

/** Where a root keeps what is known of it. */
export const VOLUME_FOLDER = '.airkeep'
const NAME = 'digests.jsonl'

const LEFTOVER = /^\.digests\.jsonl\.tmp_[0-9a-z]{20}$/
/** A writer on another host may be at work; none takes so long. */
const LEFTOVER_MS = 600_000

/**
 * Others may read it and nobody else may write it: pods that share a volume often run as different users, digests are
 * no secret, and whoever could change them could pass one file off as another.
 */
const FILE_MODE = 0o644

export interface OpenedDigests {
  readonly handle: FileHandle
  readonly sizeBytes: number
}

/**
 * The digest file of a root; undefined where there is none. The volume may come from anywhere: a link in place of the
 * file or its folder is not followed, and what another user has put there, who owns neither the root nor the machine,
 * is not read.
 * @throws AppError forbidden; what the system says otherwise
 */
export async function openDigests(root: string): Promise<OpenedDigests | undefined> {
  const { folder, owner } = await placeOf(root)
  const path = join(folder, NAME)
  let handle: FileHandle | undefined
  try {
    // Never waits for the writer of a FIFO.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    ensureOpened(handle.fd, path)
    const stats = await handle.stat()
    if (!stats.isFile()) throw refused('its digest file is not a regular file')
    ensureTrusted(stats, owner)
    ensureTrusted(await lstat(folder), owner)
    return { handle, sizeBytes: stats.size }
  } catch (error) {
    await handle?.close()
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw code === 'ELOOP' ? refused('its digest file is a link') : error
  }
}

/** A file that takes the place of the digests when it is complete. */
export interface Replacement {
  write(bytes: Uint8Array): Promise<void>
  /** Makes it what readers find, once it is safely on the disk. */
  commit(): Promise<void>
  /** Removes it; harmless after `commit`. */
  discard(): Promise<void>
}

/** @throws AppError forbidden (the folder is a link, or another user's); what the system says otherwise */
export async function replaceDigests(root: string): Promise<Replacement> {
  const { folder, owner, mode } = await placeOf(root)
  // As open to readers as the root itself, and to no other writer.
  await mkdir(folder, { mode: (mode & 0o755) | 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  const stats = await lstat(folder)
  if (!stats.isDirectory()) throw refused(`${VOLUME_FOLDER} in it is not a folder`)
  ensureTrusted(stats, owner)
  await removeLeftovers(folder)

  const path = join(folder, `.${NAME}.${createId('tmp')}`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  let handle: FileHandle | undefined = await open(path, flags, FILE_MODE)
  let position = 0
  async function discard(): Promise<void> {
    await handle?.close()
    handle = undefined
    await rm(path, { force: true })
  }
  try {
    ensureOpened(handle.fd, path)
  } catch (error) {
    await discard()
    throw error
  }
  return {
    async write(bytes) {
      for (let from = 0; from < bytes.length; ) {
        if (handle === undefined) throw new Error('The replacement is closed')
        const { bytesWritten } = await handle.write(bytes, from, bytes.length - from, position)
        from += bytesWritten
        position += bytesWritten
      }
    },
    async commit() {
      await handle?.sync()
      await handle?.close()
      handle = undefined
      await rename(path, join(folder, NAME))
      await syncDir(folder)
    },
    discard,
  }
}

interface Place {
  /** Real path. */
  readonly folder: string
  /** User id of the root's owner. */
  readonly owner: number
  readonly mode: number
}

async function placeOf(root: string): Promise<Place> {
  const real = await realpath(root)
  const { uid, mode } = await stat(real)
  return { folder: join(real, VOLUME_FOLDER), owner: uid, mode }
}

const refused = (reason: string): AppError =>
  new AppError('forbidden', `Refused the digests on a volume: ${reason}`, {
    hint: `Remove ${VOLUME_FOLDER}/${NAME} from the model folder`,
  })

function ensureTrusted({ uid }: Stats, owner: number): void {
  if (uid !== owner && uid !== 0 && uid !== process.getuid?.()) {
    throw refused('they belong to a user who owns neither the model folder nor this process')
  }
}

/** What writers that were killed have left behind. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!LEFTOVER.test(name)) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats !== undefined && Date.now() - stats.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
