import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A filesystem of its own, in memory, that is gone at the end of the block: `using disk = mountSmallDisk(…)`. */
export interface SmallDisk extends Disposable {
  readonly path: string
  /** What may still be written. */
  freeBytes(): number
  /** Leaves room for no more than so many bytes, until `makeRoom`. */
  fill(leftBytes: number): void
  makeRoom(): void
  /** For everything on it, open files included: fails while one is open for writing. */
  setReadOnly(readOnly: boolean): void
}

/** @returns undefined where this user may not mount one */
export function mountSmallDisk(path: string, bytes: number): SmallDisk | undefined {
  mkdirSync(path, { recursive: true })
  const mount = (...args: string[]): boolean => Bun.spawnSync(['mount', ...args]).exitCode === 0
  if (!mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path)) return undefined
  const filler = join(path, '.filler')
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  }
  return {
    path,
    freeBytes,
    fill(leftBytes) {
      try {
        writeFileSync(filler, Buffer.alloc(Math.max(0, freeBytes() - leftBytes)))
      } catch (error) {
        // Somebody else has written meanwhile: it is full, and more so.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    setReadOnly(readOnly) {
      if (!mount('-o', `remount,${readOnly ? 'ro' : 'rw'}`, path)) throw new Error(`Cannot remount ${path}`)
    },
    [Symbol.dispose]() {
      Bun.spawnSync(['umount', path])
      if (existsSync(path)) rmSync(path, { recursive: true })
    },
  }
}
