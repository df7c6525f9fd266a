import { isModelName } from '../query-name.ts'
import { finalPathOf } from '../unfinished.ts'
import type { FolderLooker } from './looker.ts'
import type { FoundFile } from './messages.ts'

/** What the heads of files tell, each read once as long as its size and time are the same. */
export interface Heads {
  /**
   * Reads those that nobody has read yet.
   * @throws the signal's reason; AppError internal, cancelled (the thread failed, or is ended)
   */
  read(files: readonly FoundFile[], signal: AbortSignal): Promise<void>
  /** Why nothing could load it; undefined for what was not read, too. */
  faultOf(file: FoundFile): string | undefined
}

const MOST_KEPT = 20_000
/** Some headers have megabytes: whoever else asks the thread is not to wait long. */
const AT_ONCE = 100

export function createHeads(looker: Pick<FolderLooker, 'heads'>): Heads {
  const faults = new Map<string, string | null>()
  return {
    async read(files, signal) {
      const wanted = new Map<string, FoundFile>()
      for (const file of files) if (isReadable(file) && !faults.has(keyOf(file))) wanted.set(keyOf(file), file)
      if (faults.size + wanted.size > MOST_KEPT) faults.clear()
      const unread = [...wanted]
      for (let from = 0; from < unread.length; from += AT_ONCE) {
        const some = unread.slice(from, from + AT_ONCE)
        const read = await looker.heads(
          some.map(([, file]) => file),
          signal,
        )
        for (const [at, [key]] of some.entries()) faults.set(key, read[at] ?? null)
      }
    },
    faultOf: (file) => faults.get(keyOf(file)) ?? undefined,
  }
}

const isReadable = ({ path, sizeBytes }: FoundFile): boolean =>
  sizeBytes > 0 && isModelName(path) && finalPathOf(path) === undefined

const keyOf = ({ real, sizeBytes, modifiedUs }: FoundFile): string => `${sizeBytes} ${modifiedUs} ${real}`
