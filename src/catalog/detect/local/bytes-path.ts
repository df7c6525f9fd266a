import { realpathSync } from 'node:fs'
import { decodeName, encodeName } from '../../ssh/remote-name.ts'

/** Stands in a name for a byte that is no text; see `decodeName`. */
const NO_TEXT = /[\udc80-\udcff]/u

/** Whether a path holds bytes that are no UTF-8. */
export const isBytes = (path: string): boolean => NO_TEXT.test(path)

/** A path as the file system takes it. */
export const toFs = (path: string): string | Buffer => (isBytes(path) ? encodeName(path) : path)

/** Symlinks resolved. @throws what realpath throws */
export function realPathOf(path: string): string {
  if (!isBytes(path)) {
    const real = realpathSync.native(path)
    // What is no text was lost on the way.
    if (!real.includes('\ufffd')) return real
  }
  return decodeName(realpathSync.native(toFs(path), { encoding: 'buffer' }))
}
