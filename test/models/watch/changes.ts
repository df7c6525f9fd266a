import type { Log } from '../../../src/lib/log.ts'
import { silentLog } from '../../../src/lib/log.ts'
import type { ModelRoot } from '../../../src/models/root.ts'

/** Collects what a watcher tells, for tests that wait for it. */
export interface Changes {
  readonly onChange: (root: ModelRoot, folders: readonly string[]) => void
  /** Resolves when this folder was told since the last call for it. */
  folder(path: string): Promise<void>
}

export function collectChanges(): Changes {
  let told: string[] = []
  let waiting: (() => void)[] = []
  return {
    onChange(_root, folders) {
      told.push(...folders)
      const all = waiting
      waiting = []
      for (const look of all) look()
    },
    async folder(path) {
      while (!told.includes(path)) await new Promise<void>((resolve) => waiting.push(resolve))
      told = told.filter((folder) => folder !== path)
    },
  }
}

/** A log that tells the messages of one level. */
export function collectLog(): { readonly log: Log; readonly messages: { text: string; fields: object }[] } {
  const messages: { text: string; fields: object }[] = []
  const take = (fields: object, text: string): void => void messages.push({ text, fields })
  return { log: { ...silentLog, info: take, warn: take, error: take }, messages }
}
