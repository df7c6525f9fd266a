import { lstat, realpath, symlink } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { AppError, isAppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { syncDir } from '../lib/files.ts'
import { placeName } from './fetch/place-name.ts'
import type { Place, Placement } from './fetch/placement.ts'
import { type ModelType, modelExtension } from './model-file.ts'
import { isWithin } from './roots/join-roots.ts'

export interface NameToLink {
  /** A model file of this host. */
  readonly path: string
  readonly type: ModelType
  /** Model folder that the prompt declares. */
  readonly folder?: string | undefined
  /** Folders of models that go before those of this host. */
  readonly home?: readonly string[] | undefined
  /** As the prompt writes it, folders included; never a path. */
  readonly wanted: string
}

export type LinkedName =
  /** `there`: it was linked so before. */
  | { readonly status: 'linked' | 'there'; readonly path: string; readonly name: string }
  | { readonly status: 'refused'; readonly reason: string }

/**
 * Makes a file of this host loadable under the name that a prompt has for it: a symlink in the folder for its type. What
 * has the name already stays as it is.
 * @throws what the disk throws beyond permissions and room
 */
export type LinkName = (wanted: NameToLink) => Promise<LinkedName>

export function createLinkName({ placement }: { readonly placement: Placement }): LinkName {
  return async ({ path, type, folder, home, wanted }) => {
    try {
      const real = await realpath(path)
      const name = placeName({ wanted, offered: basename(path), civitdlNames: false })
      if (!isAsWanted([name.folder, name.filename].filter(Boolean).join('/'), wanted)) {
        return refused('no file can safely have this name, or its ending is one of another format')
      }
      const place = await placement.place({ type, folder, home }, name)
      return await linkInto(place, name.filename, real)
    } catch (error) {
      if (isAppError(error) && error.code !== 'internal') return refused(error.message)
      throw error
    }
  }
}

const refused = (reason: string): LinkedName => ({ status: 'refused', reason })

/** Under another name the UI would not find it. */
function isAsWanted(name: string, wanted: string): boolean {
  const written = wanted
    .trim()
    .replaceAll('\\', '/')
    .replace(/^(?:\.?\/)+/, '')
  return (
    name === written || (modelExtension(written) === undefined && name === `${written}${modelExtension(name) ?? ''}`)
  )
}

async function linkInto(place: Place, filename: string, real: string): Promise<LinkedName> {
  const target = join(place.dir, filename)
  const dir = await realpath(place.dir)
  const root = await realpath(place.root.path)
  // Within one folder of models it survives that the whole is mounted elsewhere.
  const text = isWithin(real, root) && isWithin(target, place.root.path) ? relative(dir, real) : real
  const isMade = await make(text, target)
  const linked = { path: target, name: place.nameOf(filename) }
  if (isMade) {
    await syncDir(dir)
    return { status: 'linked', ...linked }
  }
  const there = await realpath(target).catch(() => undefined)
  return there === real ? { status: 'there', ...linked } : refused('another file has this name already')
}

/** False where something has the name: nothing is ever replaced. */
async function make(text: string, target: string): Promise<boolean> {
  if ((await lstat(target).catch(() => undefined)) !== undefined) return false
  try {
    await symlink(text, target)
    return true
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'EEXIST') return false
    const error = orDiskFull('link the file', cause, target)
    if (error !== cause) throw error
    throw new AppError('forbidden', 'the link could not be made: its folder takes no links, or may not be written to', {
      cause,
    })
  }
}
