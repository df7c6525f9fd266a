import { statSync } from 'node:fs'
import { toMicroseconds, toSafeNumber } from '../../../lib/file-numbers.ts'
import { modelExtension } from '../../../models/model-file.ts'
import { reasonOf } from '../../../models/scan/problems.ts'
import type { FolderState } from '../host-index.ts'
import { isWithin, joinPath } from '../paths.ts'
import { isStranger } from '../strangers.ts'
import { huggingFaceKey } from '../unfinished.ts'
import { realPathOf, toFs } from './bytes-path.ts'
import type { FolderCache } from './folder-cache.ts'
import type { FoundFile, LookAnswer, LookRequest } from './messages.ts'
import type { Entry } from './name-index.ts'
import { isGone, type Walked, type WalkFolder, walkFolders } from './walk-folders.ts'

/** Places of one name that are looked at, those in the folders that were asked for always. */
const MOST_PLACES = 500

/** Looks through folders for what is wanted. Blocks, so it is for a worker; never throws for what a disk holds. */
export function look(request: LookRequest, cache: FolderCache): LookAnswer {
  const walked = walkFolders(outermost(request), cache)
  const found = new Map<string, FoundFile>()
  const asked = new Set(request.folders)
  for (const entries of wantedOf(request, cache)) {
    let places = 0
    for (const { folder, name } of entries) {
      for (const route of walked.routes.get(folder) ?? []) {
        const path = joinPath(route, name)
        if (found.has(path) || (places >= MOST_PLACES && !asked.has(route))) continue
        places += 1
        const file = statFile(path, joinPath(folder, name))
        if (file !== undefined) found.set(path, file)
      }
    }
  }
  const strangers = request.anyOf.flatMap((folder) => {
    const files = strangersOf(folder, cache)
    return files.length === 0 ? [] : [[folder, files] as const]
  })
  const states = request.folders.map((folder) => stateOf(folder, walked))
  return { files: [...found.values()], states, strangers }
}

/** In a folder. */
const MOST_STRANGERS = 2_000

function strangersOf(folder: string, cache: FolderCache): readonly FoundFile[] {
  try {
    const real = realPathOf(folder)
    const names = cache.read(real).names.filter(isStranger).slice(0, MOST_STRANGERS)
    return names.flatMap((name) => statFile(joinPath(folder, name), joinPath(real, name)) ?? [])
  } catch {
    // What cannot be read says so itself.
    return []
  }
}

function* wantedOf({ names, versions, models }: LookRequest, cache: FolderCache): Generator<readonly Entry[]> {
  for (const name of names) {
    yield cache.names.byName(name)
    yield cache.names.byName(huggingFaceKey(name))
    const extension = modelExtension(name)
    if (extension !== undefined) yield cache.names.byName(name.slice(0, -extension.length))
  }
  for (const version of versions) {
    yield cache.names.byVersion(version)
    yield cache.names.byNumber(version)
  }
  for (const model of models) yield cache.names.byModel(model)
}

/** Undefined for what is no file, or went away. */
function statFile(path: string, place: string): FoundFile | undefined {
  try {
    const info = statSync(toFs(place), { bigint: true, throwIfNoEntry: false })
    if (info?.isFile() !== true) return undefined
    const real = realPathOf(place)
    return { path, real, sizeBytes: toSafeNumber(info.size), modifiedUs: toMicroseconds(info.mtimeNs) }
  } catch {
    return undefined
  }
}

/** What lies within another one is met there, but for hidden folders, which are gone through only where they are named. */
function outermost({ folders, shallow }: LookRequest): readonly WalkFolder[] {
  const deep = new Set(folders.filter((folder) => !shallow.includes(folder)))
  const isMet = (folder: string): boolean => {
    for (let at = folder.lastIndexOf('/'); at > 0; at = folder.lastIndexOf('/', at - 1)) {
      if (/\/(?:\.|extra_data-vid_)/.test(folder.slice(at))) return false
      if (deep.has(folder.slice(0, at))) return true
    }
    return false
  }
  return [
    ...[...deep].filter((folder) => !isMet(folder)).map((path) => ({ path, shallow: false })),
    ...shallow.filter((folder) => !isMet(folder)).map((path) => ({ path, shallow: true })),
  ]
}

function stateOf(folder: string, { problems }: Walked): LookAnswer['states'][number] {
  const state = (value: FolderState, problem?: string): LookAnswer['states'][number] =>
    problem === undefined ? [folder, value] : [folder, value, problem]
  try {
    const info = statSync(toFs(folder), { throwIfNoEntry: false })
    if (info === undefined) return state('missing')
    if (!info.isDirectory()) return state('missing', 'it is no folder')
  } catch (error) {
    return isGone(error) ? state('missing') : state('unreadable', reasonOf(error))
  }
  for (const [path, reason] of problems) {
    if (isWithin(folder, path)) return state('unreadable', path === folder ? reason : `${path}: ${reason}`)
    if (isWithin(path, folder)) return state('incomplete', `${path}: ${reason}`)
  }
  return state('listed')
}
