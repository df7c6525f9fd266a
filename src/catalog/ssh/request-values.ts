import type { FolderWish } from './remote-folders.ts'
import { encodeName } from './remote-name.ts'
import { LONGEST_REQUEST } from './remote-script.ts'
import { invalid } from './ssh-parts.ts'

const LONGEST_PATH = 4096

/**
 * The home of the UI as it is sent, `-` where the far side is to find it.
 * @throws AppError invalid_input
 */
export function uiHomeValue(uiHome: string | undefined): Buffer {
  if (uiHome === undefined) return Buffer.from('-')
  const value = encodeName(uiHome)
  if (/^(?:~?\/|~$)/.test(uiHome) && !uiHome.includes('\0') && value.length <= LONGEST_PATH) return value
  throw invalid('ui_home', 'ui_home must be an absolute path on that host, or begin with ~/')
}

export interface HomeValues {
  readonly uiHome: Uint8Array
  readonly uiHomeFiles: readonly string[]
  readonly usualHomes: readonly string[]
}

/** The values of as few requests as hold all folders: one, unless pages name hundreds of folders far apart. */
export function listRequests(homes: HomeValues, wishes: readonly FolderWish[]): Uint8Array[][] {
  const counted = (list: readonly string[]): Buffer[] => [Buffer.from(String(list.length)), ...list.map(encodeName)]
  const head = [homes.uiHome, ...counted(homes.uiHomeFiles), ...counted(homes.usualHomes)]
  const folders = wishes.map(({ depth, folder }) => [Buffer.from(String(depth)), encodeName(folder)])
  const groups = grouped(folders, LONGEST_REQUEST - sizeOf(head))
  // Without a folder there is still to be said who answers.
  return groups.length === 0 ? [head] : groups.map((group) => [...head, ...group.flat()])
}

/** The values of as few requests as hold all paths. */
export const pathRequests = (paths: readonly string[]): Uint8Array[][] =>
  grouped(
    paths.map((path) => [encodeName(path)]),
    LONGEST_REQUEST,
  ).map((group) => group.flat())

function grouped(items: readonly Uint8Array[][], room: number): Uint8Array[][][] {
  const groups: Uint8Array[][][] = []
  let free = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (size > free || groups.length === 0) {
      groups.push([])
      free = room
    }
    groups.at(-1)?.push(item)
    free -= size
  }
  return groups
}

/** Each value has its NUL, and costs the command that gets it a pointer. */
const sizeOf = (values: readonly Uint8Array[]): number => values.reduce((sum, value) => sum + value.length + 9, 0)
