/** Where all workers wait while something is measured that their work would disturb. */
export interface Gate {
  /** Called by a worker between two pieces of work, when it holds nothing open; false when it is to end. */
  pass(): Promise<boolean>
  /** Whether the next {@link pass} will wait. */
  readonly closed: boolean
  /** Resolves when every worker waits. */
  close(): Promise<void>
  open(): void
  /** Ends the workers. */
  stop(): void
}

export function createGate(workers: number): Gate {
  let closed: PromiseWithResolvers<void> | undefined
  let allWait: (() => void) | undefined
  let waiting = 0
  let stopped = false
  return {
    get closed() {
      return closed !== undefined
    },
    async pass() {
      while (closed !== undefined && !stopped) {
        waiting += 1
        if (waiting === workers) allWait?.()
        await closed.promise
        waiting -= 1
      }
      return !stopped
    },
    close() {
      closed = Promise.withResolvers()
      return new Promise((resolve) => {
        allWait = resolve
        if (waiting === workers) resolve()
      })
    },
    open() {
      closed?.resolve()
      closed = undefined
    },
    stop() {
      stopped = true
      closed?.resolve()
      closed = undefined
    },
  }
}
