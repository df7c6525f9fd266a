import type { Place } from '../expected-file.ts'
import { isKnown, type ShellValue, UI_HOME } from './shell-value.ts'

/** Where a path of a command leads. */
export interface Placed extends Place {
  /** Why nobody can say where, or what to know about it. */
  readonly note?: string
}

const MAX_PATH = 1000
const MAX_PART = 255

/**
 * The folder that `path` names, seen from `folder` (where the command runs). A relative path of a command that runs
 * nobody knows where counts from the UI's home.
 */
export function placeFolder(path: ShellValue | undefined, folder: ShellValue | undefined): Placed {
  const base: ShellValue = folder ?? { text: UI_HOME, hasGlob: false }
  if (path === undefined) {
    return folder === undefined ? { note: 'a command does not say where its file goes' } : normalise(folder)
  }
  if (path.text === '') return { note: 'a destination is empty' }
  if (/^[/~]/.test(path.text) || path.text.startsWith(UI_HOME)) return normalise(path)
  const joined = normalise({
    text: `${base.text}/${path.text}`,
    hasGlob: path.hasGlob || base.hasGlob,
    ...((path.reason ?? base.reason) === undefined ? {} : { reason: path.reason ?? base.reason ?? '' }),
  })
  if (folder !== undefined || joined.folder === undefined) return joined
  return { ...joined, note: `the destination ${joined.folder} is relative: taken from the UI’s home` }
}

export interface PlacedFile extends Placed {
  readonly name?: string
}

/** Folder and name of a path that names a file. */
export function placeFile(path: ShellValue, folder: ShellValue | undefined): PlacedFile {
  const slash = path.text.lastIndexOf('/')
  const name = path.text.slice(slash + 1)
  // What is not known may hold the folder too.
  if (slash < 0 && !isKnown(path)) return { note: whyNot(path) }
  const place: Placed =
    slash < 0
      ? folder === undefined
        ? { folder: '', note: `the destination ${shown(name)} is relative: taken from the UI’s home` }
        : normalise(folder)
      : placeFolder({ ...path, text: path.text.slice(0, slash) || '/' }, folder)
  if (!isKnown(path) || path.hasGlob) return place.note === undefined ? { ...place, note: whyNot(path) } : place
  return isPlainName(name) ? { ...place, name } : { ...place, note: 'a destination has no name of a file' }
}

/** What a file may be called in any folder. */
export const isPlainName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && name.length <= MAX_PART && !/[/\p{Cc}\ue000\ue001]/u.test(name)

function normalise(path: ShellValue): Placed {
  const { text } = path
  if (!isKnown(path) || path.hasGlob) return { note: whyNot(path) }
  if (text.length > MAX_PATH) return { note: 'a destination is too long' }
  const isInUi = text.startsWith(UI_HOME)
  const rest = isInUi ? text.slice(1) : text
  if (rest.includes(UI_HOME)) return { note: 'a destination names $UI_HOME in its middle' }
  if (isInUi && rest !== '' && !rest.startsWith('/')) return { note: 'a slash is missing behind $UI_HOME' }
  const parts = withoutDots(rest)
  if (parts === undefined) {
    return { note: isInUi ? 'a destination leads out of the UI’s home' : 'a destination leads above its root' }
  }
  if (parts.some((part) => part.length > MAX_PART)) return { note: 'a destination is too long' }
  if (isInUi) return { folder: parts.join('/'), ...(path.note === undefined ? {} : { note: path.note }) }
  return { absolute_folder: text.startsWith('~') ? parts.join('/') : `/${parts.join('/')}` }
}

function withoutDots(path: string): string[] | undefined {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length === 0 || parts.pop()?.startsWith('~')) return undefined
  }
  return parts
}

const whyNot = ({ reason, hasGlob }: ShellValue): string =>
  `where a file goes is not known: ${reason ?? (hasGlob ? 'the destination holds a pattern' : 'only a shell would know')}`

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
