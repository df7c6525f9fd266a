import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { partPathOf } from '../../download/part-files.ts'
import { freeName } from '../../download/safe-name.ts'

/** Final names that downloads under way will take: two with one name would write into one part. */
export interface PromisedNames {
  /**
   * @param isFree takes the first name that nothing has; else the very name, unless another download has it
   * @returns the absolute path, which is the caller's until it is let go
   * @throws AppError conflict: there is no free name
   */
  claim(dir: string, filename: string, isFree: boolean): Promise<string>
  letGo(path: string): Promise<void>
  /** Nothing is there of it any more, such as because it was moved; what lies there still is remembered. */
  forget(path: string): Promise<void>
  /** Where bytes of downloads lie that have not ended, or were stopped: some may be gone. */
  parts(): readonly string[]
}

export function createPromisedNames(): PromisedNames {
  const promised = new Set<string>()
  const begun = new Set<string>()
  async function forget(path: string): Promise<void> {
    const isLeft = await lstat(partPathOf(path)).then(
      () => true,
      () => false,
    )
    // Another may have claimed it meanwhile.
    if (!isLeft && !promised.has(path)) begun.delete(path)
  }
  return {
    forget,
    async claim(dir, filename, isFree) {
      for (let needsFree = isFree; ; needsFree = true) {
        const inDir = new Set([...promised].filter((path) => dirname(path) === dir).map((path) => basename(path)))
        const path = join(dir, needsFree ? await freeName(dir, filename, inDir) : filename)
        // Another may have claimed it meanwhile.
        if (promised.has(path)) continue
        promised.add(path)
        begun.add(path)
        return path
      }
    },
    async letGo(path) {
      promised.delete(path)
      await forget(path)
    },
    parts: () => [...begun].map(partPathOf),
  }
}
