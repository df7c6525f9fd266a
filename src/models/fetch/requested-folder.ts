import { basename } from 'node:path'
import { AppError, isAppError } from '../../errors.ts'
import { readWantedFolder, type WantedFolder } from './model-folder.ts'
import type { Placement } from './placement.ts'

const EXPECTED =
  'folder must be a folder below the model folder: one that UIs know, perhaps with folders below (loras, loras/style), or a single one of another name'

/**
 * The folder that a caller names. Prompts declare folders that mean nothing here and are left aside then; what somebody
 * names is where the file goes, or is refused.
 * @throws AppError invalid_input: it says nothing of where below a model folder that is
 */
export function readRequestedFolder(folder: string): WantedFolder {
  const read = readWantedFolder('other', folder)
  if (read.known === undefined && read.own === undefined) {
    throw refusedFolder(`${JSON.stringify(folder)} is no model folder`)
  }
  return read
}

/** @throws AppError invalid_input: files would go elsewhere, as the UI of this host loads nothing from such a folder */
export async function ensureFolder(folder: string, placement: Pick<Placement, 'find'>): Promise<void> {
  const { own } = readRequestedFolder(folder)
  if (own === undefined) return
  try {
    const { root, dir } = await placement.find({ type: 'other', folder }, { folder: '' })
    if (basename(dir) === own) return
    throw refusedFolder(`The UI of this host (${root.layout}) loads nothing from a folder ${JSON.stringify(folder)}`)
  } catch (error) {
    // Where nothing can be placed the download itself says why.
    if (!isAppError(error) || (error.code !== 'not_found' && error.code !== 'forbidden')) throw error
  }
}

const refusedFolder = (message: string): AppError =>
  new AppError('invalid_input', message, {
    hint: 'Name one such as loras, or leave folder out: the one for its type is taken then',
    errors: [{ path: 'folder', expected: EXPECTED }],
  })
