import { constants } from 'node:fs'
import { copyFile, link, open, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../errors.ts'
import { orDiskFull } from './disk-error.ts'
import { syncDir } from './files.ts'
import { createId } from './id.ts'
import { sleep } from './retry.ts'

/** Filesystems without hard links (some FUSE ones, exFAT) answer one of these. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Where the content cannot appear at once, whoever comes second waits for the rest of it: 50 times, 20 ms each. */
const LOOKS = 50
const LOOK_EVERY_MS = 20

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * The secret text that is kept in the file at `path`, made at first use: mode 0600, whole or not there, and of several
 * that start at once all get the same.
 * @param make its lines, each ended by a line break: a text without one at its end is taken for half written
 * @throws AppError internal (it cannot be read, or was left half written; it is never replaced), disk_full
 */
export async function keepKeyFile(path: string, make: () => string): Promise<string> {
  return (await readKept(path)) ?? (await create(path, make()))
}

async function create(path: string, text: string): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${createId('tmp')}`)
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await claimName(temporary, path)
  } catch (error) {
    throw orDiskFull(`write ${path}`, error)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDir(dirname(path))
  // Not `text`: somebody else may have been first.
  const kept = await readKept(path)
  if (kept === undefined) throw unreadable(path)
  return kept
}

/** Unlike a rename, neither way replaces what is there. */
async function claimName(from: string, to: string): Promise<void> {
  try {
    await link(from, to).catch((error: unknown) => {
      if (!NO_LINKS.has(codeOf(error))) throw error
      return copyFile(from, to, constants.COPYFILE_EXCL)
    })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

async function readKept(path: string): Promise<string | undefined> {
  for (let look = 0; look < LOOKS; look += 1) {
    try {
      const text = await readFile(path, 'utf8')
      if (text.endsWith('\n')) return text
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined
      throw unreadable(path, cause)
    }
    await sleep(LOOK_EVERY_MS)
  }
  throw unreadable(path)
}

/** For who finds that the content is no key either. */
export const unreadable = (path: string, cause?: unknown): AppError =>
  new AppError('internal', `Could not read the key in ${path}`, {
    hint: 'Check its permissions, or put the file of a backup in its place',
    cause,
  })
