import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'

/** UTF-8. Most filesystems allow 255, and other programs append endings of their own. */
export const LONGEST_NAME_BYTES = 200

const DEEPEST_FOLDER = 8
const NAMELESS = 'model'

/** Cannot be seen, or makes a name look like another one. Joiners stay: some scripts are written with them. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/** Windows and the filesystems of its disks do not take these. */
const FORBIDDEN = /[<>:"|?*]/g

/** Devices of Windows, whatever ending they have. */
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(?:\.|$)/i

/** Endings of what a download has beside its file while that is not complete. */
const UNFINISHED = /\.(part(?:\.(?:json|lock))?)$/i

/** An ending that a shortened name keeps. */
const EXTENSION = /\.[a-z\d_-]{1,16}$/i

/**
 * A name for a file in the folder that is meant for it, of whatever a stranger calls it: the part behind the last slash
 * or backslash, composed (NFC), without control characters and leading dots, at most LONGEST_NAME_BYTES long with its
 * extension, and one that Windows takes too. Letters of all scripts stay. A safe name stays as it is.
 */
export function safeFileName(name: string): string {
  return safePart(name.split(/[\\/]/).findLast(isName) ?? '')
}

/**
 * The folder in which a prompt or a source has a file, below the one for its type: parts joined by `/`, each made safe.
 * Undefined where there is none, or where it would lead anywhere else (`..`, `/models`, `C:\models`) or is deeper than
 * DEEPEST_FOLDER.
 * @param folder without the name of the file: {@link folderOf}
 */
export function safeFolder(folder: string): string | undefined {
  if (/^(?:[\\/]|[a-z]:)/i.test(folder.trimStart())) return undefined
  const parts = folder.split(/[\\/]/).filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.length > DEEPEST_FOLDER) return undefined
  return parts.every(isName) ? parts.map(safePart).join('/') : undefined
}

/** `style` of `style/foo.safetensors`; empty where there is no folder. */
export const folderOf = (reference: string): string => /^.*(?=[\\/])/s.exec(reference)?.[0] ?? ''

/**
 * The name that civitdl gives: `harbor_lights-mid_900100-vid_910201.safetensors`.
 * @param stem the file's own name without its extension
 * @param extension with its dot, or without
 */
export function civitdlName(stem: string, modelId: number, versionId: number, extension: string): string {
  const suffix = `-mid_${modelId}-vid_${versionId}`
  const ending = EXTENSION.exec(`.${extension.replace(/^\./, '')}`)?.[0] ?? ''
  const safe = safeFileName(stem)
  return safeFileName(fitted(safe.endsWith(suffix) ? safe.slice(0, -suffix.length) : safe, `${suffix}${ending}`))
}

/** Names tried before giving up; nobody has so many files of one name. */
const MOST_TRIES = 1_000

/**
 * `name`, or where something in `dir` has that, the first of `foo-2.safetensors`, `foo-3.safetensors` … that is free:
 * without blanks and brackets, which mean something in prompts. It may be taken a moment later.
 * @param name a safe one
 * @param promised other names that are not free, such as those of downloads under way
 * @throws AppError conflict where there are a thousand of them
 */
export async function freeName(dir: string, name: string, promised: ReadonlySet<string> = new Set()): Promise<string> {
  const extension = EXTENSION.exec(name)?.[0] ?? ''
  const stem = extension === '' ? name : name.slice(0, -extension.length)
  for (let number = 1; number <= MOST_TRIES; number += 1) {
    const suffix = number === 1 ? '' : `-${number}`
    const tried = fitted(stem, `${suffix}${extension}`)
    if (!promised.has(tried) && !(await exists(join(dir, tried)))) return tried
  }
  throw new AppError('conflict', `Cannot find a free name for ${name}: ${MOST_TRIES} files have it`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Whether it has more than dots and blanks: `..` is none. */
const isName = (part: string): boolean => /[^.\s]/.test(part.replaceAll(INVISIBLE, ''))

/** Longer ones are cut before anything else is done to them. */
const LONGEST_READ = 1024

function safePart(part: string): string {
  const read = part.length <= LONGEST_READ ? part : part.slice(0, LONGEST_READ - 32) + part.slice(-32)
  const plain = trimmed(read.replaceAll(INVISIBLE, '').normalize('NFC').replaceAll(FORBIDDEN, '_'))
  const name = RESERVED.test(plain) ? `_${plain}` : plain
  if (name === '') return NAMELESS
  const extension = EXTENSION.exec(name)?.[0] ?? ''
  return fitted(name.slice(0, name.length - extension.length), extension).replace(UNFINISHED, '_$1')
}

const trimmed = (text: string): string => text.replace(/^[.\s]+/, '').replace(/[.\s]+$/, '')

/** Both together, the stem as short as it has to be. */
function fitted(stem: string, ending: string): string {
  const room = LONGEST_NAME_BYTES - Buffer.byteLength(ending)
  const bytes = Buffer.from(stem)
  if (bytes.length <= room) return stem + ending
  let end = room
  // Not within a letter: its further bytes begin with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return trimmed(bytes.toString('utf8', 0, end)) + ending
}
