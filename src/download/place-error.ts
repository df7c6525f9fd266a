import { basename } from 'node:path'
import { AppError, isAppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { codeOf } from './place-files.ts'

/** What is being done, for "Cannot …". */
export const placing = (target: string): string => `give ${basename(target)} its name`

export const nameTaken = (action: string): AppError =>
  new AppError('conflict', `Cannot ${action}: something else in the folder has it`, {
    hint: 'Move that file away, or download under another name',
  })

/** The system's words in ours; they name no folder. */
export function toPlaceError(action: string, error: unknown): unknown {
  if (isAppError(error)) return error
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('not_found', `Cannot ${action}: the folder, or the file itself, is gone`, { cause: error })
    case 'EEXIST':
    case 'EISDIR':
      return nameTaken(action)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('forbidden', `Cannot ${action}: the folder cannot be written to`, {
        hint: 'Check who owns the model folder, and whether it is mounted read-only',
        cause: error,
      })
    default:
      return orDiskFull(action, error, 'the model folder')
  }
}
