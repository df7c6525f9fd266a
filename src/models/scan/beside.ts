import { statSync } from 'node:fs'
import { sidecarNames } from '../inspect/sidecars/names.ts'
import { controlledBy } from './file-names.ts'
import { PlaceHash } from './place-hash.ts'
import type { FolderNames } from './read-folder.ts'

/** What the files beside a model say of it. */
export interface Beside {
  /** aria2's control file is there: it has the final name and perhaps the final size long before it is whole. */
  isControlled(name: string): boolean
  /** Names, sizes and times of its sidecars as one number; 0: there are none. */
  sidecars(name: string): number
}

const NOTHING: Beside = { isControlled: () => false, sidecars: () => 0 }

/** @param folder path of the folder, with a slash at its end */
export function besideIn(folder: string, { others, controls, folders }: FolderNames): Beside {
  const controlled = new Set(controls.map(controlledBy))
  // Most of what lies beside models are pictures.
  const beside = new Set([...others.filter(isNote), ...folders.filter((name) => name.startsWith(CIVITDL_FOLDER))])
  if (controlled.size === 0 && beside.size === 0) return NOTHING
  return {
    isControlled: (name) => controlled.has(name),
    sidecars(name) {
      if (beside.size === 0) return 0
      const found: string[] = []
      for (const sidecar of sidecarNames(name)) {
        if (beside.has(firstPart(sidecar))) found.push(sidecar, sizeAndTime(folder + sidecar))
      }
      return found.length === 0 ? 0 : new PlaceHash().begin().add(found.join('\0')).number()
    },
  }
}

/** Whether the name ends as every sidecar's does. */
export const isNote = (name: string): boolean => name.endsWith('.json') || name.endsWith('.info')

/** Where civitdl puts what it knows of a version. */
const CIVITDL_FOLDER = 'extra_data-'

function firstPart(name: string): string {
  const slash = name.indexOf('/')
  return slash === -1 ? name : name.slice(0, slash)
}

/** Empty for one that went away meanwhile. */
function sizeAndTime(path: string): string {
  try {
    const info = statSync(path, { bigint: true, throwIfNoEntry: false })
    return info === undefined ? '' : `${info.size} ${info.mtimeNs}`
  } catch {
    return ''
  }
}
