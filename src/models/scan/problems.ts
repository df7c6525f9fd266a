import { isAppError } from '../../errors.ts'
import type { WalkProblem } from './walked-file.ts'

/** A folder with a million broken links is no reason to run out of memory. */
const MOST = 1_000

export interface Problems {
  add(path: string, reason: string): void
  /** The first thousand, and how many more there are. */
  list(): WalkProblem[]
}

export function createProblems(): Problems {
  const kept = new Map<string, WalkProblem>()
  let more = 0
  let last = ''
  return {
    add(path, reason) {
      if (kept.has(path)) return
      if (kept.size < MOST) kept.set(path, { path: printable(path), reason })
      else {
        more += 1
        last = path
      }
    },
    list: () => [
      ...kept.values(),
      ...(more === 0 ? [] : [{ path: printable(last), reason: `This one and ${more - 1} others were left out too` }]),
    ],
  }
}

/** A path for logs and terminals: control characters, newlines among them, as `\x0a`. */
const printable = (path: string): string =>
  path.replaceAll(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'it is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the disk reports an error',
  ESTALE: 'the network filesystem has lost it',
  ENOTCONN: 'the filesystem is not connected',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its symlinks lead in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

/** System error code, empty for anything else. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && !isAppError(error) && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

/** A system error in plain words. */
export const reasonOf = (error: unknown): string =>
  REASONS[codeOf(error)] ?? (codeOf(error) === '' ? 'it could not be read' : `it could not be read (${codeOf(error)})`)

/** What is listed may be gone when it is looked at: that is no problem. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
