import { type BigIntStats, lstatSync, statSync } from 'node:fs'
import { toMicroseconds, toSafeNumber } from '../../lib/file-numbers.ts'
import { type Beside, besideIn } from './beside.ts'
import { nameKind } from './file-names.ts'
import { followLink } from './follow-link.ts'
import type { Folder, Found } from './found.ts'
import { holdsOnlySnapshots } from './hugging-face.ts'
import type { JoinedFiles } from './join.ts'
import { type FolderNames, readFolder } from './read-folder.ts'

/** A folder that is still to be read; paths end with a slash. */
export type Ahead = Omit<Folder, 'device' | 'inode'>

export interface VisitorDeps {
  readonly files: JoinedFiles
  readonly onFolder: (ahead: Ahead) => void
  readonly onSkipped: (path: string, reason: string) => void
  readonly onStep: () => void
}

/** A folder to which links lead from all sides is read so many times: each gives its files an alias, but all end. */
const MOST_VISITS = 16

const STEP_FILES = 1_000

const BIG = { bigint: true, throwIfNoEntry: false } as const

/** Reads folders one after another. @throws what readdir and stat throw */
export function createVisitor({ files, onFolder, onSkipped, onStep }: VisitorDeps): (ahead: Ahead) => void {
  const visits = new Map<string, number>()

  return function visit(ahead) {
    const { dev, ino } = statSync(ahead.real, { bigint: true })
    const folder: Folder = { ...ahead, device: dev, inode: ino }
    if (isWithinItself(folder)) return onSkipped(folder.listed, 'it leads in a circle')
    const key = `${dev}:${ino}`
    const times = (visits.get(key) ?? 0) + 1
    if (times > MOST_VISITS) return onSkipped(folder.listed, `more than ${MOST_VISITS} paths lead to this folder`)
    visits.set(key, times)

    const names = readFolder(folder.real)
    const beside = besideIn(folder.real, names)
    meetModels(folder, names, beside)
    const folders = holdsOnlySnapshots(folder, names.folders) ? ['snapshots'] : names.folders
    // What is put on last is read first.
    for (const name of folders.toReversed()) onFolder(childOf(folder, name, `${folder.real}${name}/`, folder.linked))
    for (const name of names.links) meetLink(folder, name, beside)
    tellSkipped(folder, names)
  }

  function meetModels(folder: Folder, { models, partial }: FolderNames, beside: Beside): void {
    let step = 0
    for (const name of models) {
      if (++step % STEP_FILES === 0) onStep()
      const info = lstatSync(folder.real + name, BIG)
      if (info?.isFile()) files.add(toFound({ folder, name, isPartial: partial.has(name) }, undefined, info, beside))
    }
  }

  function meetLink(folder: Folder, name: string, beside: Beside): void {
    const target = followLink(folder, name)
    if (target.kind === 'file') {
      const isPartial = nameKind(name) === 'partial'
      files.add(toFound({ folder, name, isPartial }, target.path, target.info, beside))
    } else if (target.kind === 'folder') onFolder(childOf(folder, name, target.path, true))
    else if (target.kind === 'skipped') onSkipped(folder.listed + name, target.reason)
  }

  function tellSkipped(folder: Folder, { special, invalid }: FolderNames): void {
    for (const name of special) onSkipped(folder.listed + name, 'it is no regular file')
    for (const name of invalid) {
      onSkipped(folder.listed + name, 'its name is not valid UTF-8: rename it')
    }
  }
}

const childOf = (parent: Folder, name: string, real: string, linked: boolean): Ahead => ({
  root: parent.root,
  parent,
  listed: `${parent.listed}${name}/`,
  real,
  relative: `${parent.relative}${name}/`,
  linked,
})

function isWithinItself({ device, inode, parent }: Folder): boolean {
  for (let above = parent; above !== undefined; above = above.parent) {
    if (above.inode === inode && above.device === device) return true
  }
  return false
}

interface Listed {
  readonly folder: Folder
  readonly name: string
  /** By its name. */
  readonly isPartial: boolean
}

function toFound(
  { folder, name, isPartial }: Listed,
  target: string | undefined,
  info: BigIntStats,
  beside: Beside,
): Found {
  return {
    folder,
    name,
    target,
    sizeBytes: toSafeNumber(info.size),
    modifiedUs: toMicroseconds(info.mtimeNs),
    changedUs: toMicroseconds(info.ctimeNs),
    // One bigint for all files of a device.
    device: info.dev === folder.device ? folder.device : info.dev,
    inode: info.ino,
    hardLinked: info.nlink > 1n,
    partial: isPartial || beside.isControlled(name),
    sidecars: beside.sidecars(name),
  }
}
