import { basename, dirname, join } from 'node:path'
import { freeName } from '../../download/safe-name.ts'

/** Final names that downloads under way will take: two with one name would write into one part. */
export interface PromisedNames {
  /**
   * @param isFree takes the first name that nothing has; else the very name, unless another download has it
   * @returns the absolute path, which is the caller's until it is let go
   * @throws AppError conflict: there is no free name
   */
  claim(dir: string, filename: string, isFree: boolean): Promise<string>
  letGo(path: string): void
  /** Where bytes of downloads lie that have not ended, or were stopped: some may be gone. */
  parts(): readonly string[]
}

export function createPromisedNames(): PromisedNames {
  const promised = new Set<string>()
  const begun = new Set<string>()
  return {
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
    letGo: (path) => void promised.delete(path),
    parts: () => [...begun].map((path) => `${path}.part`),
  }
}
