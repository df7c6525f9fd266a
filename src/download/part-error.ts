import { AppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { codeOf } from './place-files.ts'

/** What the system said about the part, in words; what else it is stays itself. */
export function toPartError(error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new AppError('forbidden', 'Cannot write the download: the folder is not writable', {
      hint: 'Let this program write the model folder, or choose another one',
      cause: error,
    })
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError('not_found', 'Cannot write the download: its folder is gone', { cause: error })
  }
  if (code === 'ELOOP') {
    return new AppError('conflict', 'Cannot write the download: its name belongs to a symbolic link', { cause: error })
  }
  return orDiskFull('write the download', error, 'the model folder')
}

export const targetTaken = (): AppError =>
  new AppError('conflict', 'Cannot download the file: another file has its name', {
    hint: 'Move that file away, or choose another name',
  })
