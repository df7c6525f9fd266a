/** Which jobs wait for which downloads, in this process. */
export interface Interests {
  add(download: string, by: string): void
  /** Those that a job wants, apart from some; it wants them no more. */
  drop(by: string, except: readonly string[]): readonly string[]
  /** The jobs that want it; some may have ended. */
  of(download: string): readonly string[]
  /** It has ended: nobody waits any more. */
  forget(download: string): void
  /** One after another for the same key: whoever orders a download and whoever ends it do not get in each other's way. */
  inTurn<T>(key: string, work: () => Promise<T>): Promise<T>
}

export function createInterests(): Interests {
  const wanted = new Map<string, Set<string>>()
  const last = new Map<string, Promise<unknown>>()
  return {
    add(download, by) {
      const others = wanted.get(download)
      if (others === undefined) wanted.set(download, new Set([by]))
      else others.add(by)
    },
    drop(by, except) {
      const dropped = [...wanted].flatMap(([id, others]) => (others.has(by) && !except.includes(id) ? [id] : []))
      for (const id of dropped) {
        const others = wanted.get(id)
        others?.delete(by)
        if (others?.size === 0) wanted.delete(id)
      }
      return dropped
    },
    of: (download) => [...(wanted.get(download) ?? [])],
    forget: (download) => void wanted.delete(download),
    inTurn(key, work) {
      const now = (last.get(key) ?? Promise.resolve()).then(work, work)
      last.set(key, now)
      const end = (): void => {
        if (last.get(key) === now) last.delete(key)
      }
      now.then(end, end)
      return now
    },
  }
}
