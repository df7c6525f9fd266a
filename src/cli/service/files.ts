import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../errors.ts'
import { writeAtomic } from '../../lib/files.ts'
import { environmentLine, MARK } from './unit.ts'

/** What stands at `path`; undefined where there is nothing. @throws AppError forbidden */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined
    throw notAllowed(`read ${path}`, cause)
  }
}

/** @throws AppError forbidden, disk_full */
export async function writeText(path: string, text: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await writeAtomic(path, text, { mode })
  } catch (cause) {
    throw notAllowed(`write ${path}`, cause)
  }
}

/** @throws AppError forbidden */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (cause) {
    throw notAllowed(`remove ${path}`, cause)
  }
}

/** A unit that somebody else wrote is theirs. @throws AppError conflict */
export function refuseForeign(path: string, text: string): void {
  if (text.startsWith(MARK)) return
  throw new AppError('conflict', `${path} was not written by airkeep service install`, {
    hint: 'Move it away first, if airkeep is to have its own',
  })
}

const HEAD = [
  MARK,
  '# Settings of the service, one NAME="value" a line: AIRKEEP_TOKEN, CIVITAI_TOKEN, HF_TOKEN …',
].join('\n')

const tokenLine = (token: string): string => environmentLine('AIRKEEP_TOKEN', token)

/**
 * The environment file with this token in it. What its owner wrote into it stays; an empty token changes nothing in a
 * file that is there.
 */
export function withToken(text: string | undefined, token: string): string {
  if (text === undefined) return `${HEAD}\n${token === '' ? '' : `${tokenLine(token)}\n`}`
  if (token === '') return text
  const others = text.split('\n').filter((line) => !/^\s*AIRKEEP_TOKEN\s*=/.test(line))
  return `${others.join('\n').trimEnd()}\n${tokenLine(token)}\n`
}

/** Whether it holds nothing that its owner wrote. */
export function isOnlyOurs(text: string): boolean {
  const rest = text.replace(HEAD, '').trim()
  return text.startsWith(HEAD) && (rest === '' || /^AIRKEEP_TOKEN="[^\n]*"$/.test(rest))
}

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '')

function notAllowed(action: string, cause: unknown): AppError {
  const full = codeOf(cause) === 'ENOSPC' || codeOf(cause) === 'EDQUOT'
  return full
    ? new AppError('disk_full', `Could not ${action}: the disk is full`, { cause })
    : new AppError('forbidden', `Could not ${action}`, { hint: 'Check who owns the folder', cause })
}
