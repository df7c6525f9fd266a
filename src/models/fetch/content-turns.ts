import type { DownloadProgress } from '../../download/request.ts'

/** A download under way, as those see it that want the same bytes. */
export interface Turn {
  /** In whose name it fetches. */
  readonly owner: string
  /** Resolves when it fetches no more, whatever came of it. */
  readonly ended: Promise<void>
  /** Tells how far it is at once, and from then on. @returns stops the listening */
  watch(listener: (progress: DownloadProgress) => void): () => void
}

/** The same, as the one sees it whose turn it is. */
export interface OwnTurn {
  /** Final name beside which a download that was stopped before has left its bytes; undefined: none has. */
  readonly left: string | undefined
  /** Its own final name. */
  goesTo(path: string): void
  tell(progress: DownloadProgress): void
}

export interface TakeOptions<T> {
  readonly owner: string
  /** Waits for the one that fetches them. */
  readonly waitFor: (other: Turn) => Promise<void>
  /** Asked after each wait: what that one has brought. */
  readonly again: () => Promise<T | undefined>
}

/** One download at a time for the same bytes, under whatever names and in whose name ever they are asked for. */
export interface ContentTurns {
  /** @param contents what tells the bytes from others; empty: nothing does */
  take<T>(contents: readonly string[], work: (turn: OwnTurn) => Promise<T>, options: TakeOptions<T>): Promise<T>
}

interface Running extends Turn {
  path: string | undefined
}

export function createContentTurns(): ContentTurns {
  const running = new Map<string, Running>()
  const find = (contents: readonly string[]): Running | undefined =>
    contents.map((content) => running.get(content)).find((other) => other !== undefined)

  return {
    async take(contents, work, { owner, waitFor, again }) {
      let left: string | undefined
      for (let other = find(contents); other !== undefined; other = find(contents)) {
        await waitFor(other)
        const brought = await again()
        if (brought !== undefined) return brought
        left = other.path ?? left
      }
      const listeners = new Set<(progress: DownloadProgress) => void>()
      let last: DownloadProgress | undefined
      let end = (): void => {}
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      const mine: Running = {
        ...{ owner, ended, path: undefined },
        watch(listener) {
          listeners.add(listener)
          if (last !== undefined) listener(last)
          return () => void listeners.delete(listener)
        },
      }
      for (const content of contents) running.set(content, mine)
      try {
        return await work({
          left,
          goesTo(path) {
            mine.path = path
          },
          tell(progress) {
            last = progress
            for (const listener of listeners) listener(progress)
          },
        })
      } finally {
        for (const content of contents) if (running.get(content) === mine) running.delete(content)
        end()
      }
    },
  }
}
