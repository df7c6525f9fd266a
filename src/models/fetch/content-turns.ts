/** One download at a time for the same bytes, under whatever names they are asked for. */
export interface ContentTurns {
  /**
   * @param contents digests; empty: nothing is known of the bytes
   * @param waitFor waits for the one that fetches them
   * @param again asked after each wait: what that one has brought
   */
  take<T>(
    contents: readonly string[],
    work: () => Promise<T>,
    options: {
      readonly waitFor: (other: Promise<void>) => Promise<void>
      readonly again: () => Promise<T | undefined>
    },
  ): Promise<T>
}

export function createContentTurns(): ContentTurns {
  const running = new Map<string, Promise<void>>()
  const find = (contents: readonly string[]): Promise<void> | undefined =>
    contents.map((content) => running.get(content)).find((other) => other !== undefined)

  return {
    async take(contents, work, { waitFor, again }) {
      for (let other = find(contents); other !== undefined; other = find(contents)) {
        await waitFor(other)
        const brought = await again()
        if (brought !== undefined) return brought
      }
      let end = (): void => {}
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      for (const content of contents) running.set(content, ended)
      try {
        return await work()
      } finally {
        for (const content of contents) if (running.get(content) === ended) running.delete(content)
        end()
      }
    },
  }
}
