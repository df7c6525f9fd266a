/** Hands on the newest of many states, one at a time and not more often than people or a database need. */
export interface Paced<T> {
  /** @throws what handing on an earlier one has thrown */
  offer(state: T): void
  /** Nothing is handed on any more; resolves when nothing is under way. */
  stop(): Promise<void>
}

export function createPaced<T>(everyMs: number, handOn: (state: T) => Promise<void> | void): Paced<T> {
  let newest: { readonly state: T } | undefined
  let underWay: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failure: { readonly error: unknown } | undefined
  let stopped = false

  async function go(state: T): Promise<void> {
    try {
      await handOn(state)
    } catch (error) {
      failure = { error }
    }
    underWay = undefined
    if (!stopped) timer = setTimeout(next, everyMs).unref()
  }

  function next(): void {
    timer = undefined
    if (newest === undefined || stopped) return
    const { state } = newest
    newest = undefined
    underWay = go(state)
  }

  return {
    offer(state) {
      if (failure !== undefined) throw failure.error
      newest = { state }
      if (underWay === undefined && timer === undefined) next()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await underWay
    },
  }
}
