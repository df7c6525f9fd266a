export interface Latency {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** How long each kind of work took, and what went wrong, since it was last asked. */
export interface Recorder {
  /** Times a piece of work; one that fails counts as an error and does not throw. */
  time(kind: string, work: () => Promise<unknown>): Promise<void>
  /** What was recorded since the last call, kinds in the order of their first appearance. */
  take(): { readonly latencies: ReadonlyMap<string, Latency>; readonly errors: readonly string[] }
}

export function createRecorder(): Recorder {
  const kinds = new Map<string, number[]>()
  let errors: string[] = []
  return {
    async time(kind, work) {
      const began = performance.now()
      try {
        await work()
        const times = kinds.get(kind) ?? []
        kinds.set(kind, times)
        times.push(performance.now() - began)
      } catch (error) {
        errors.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
      }
    },
    take() {
      const latencies = new Map([...kinds].map(([kind, times]) => [kind, summarize(times)] as const))
      for (const times of kinds.values()) times.length = 0
      const taken = errors
      errors = []
      return { latencies, errors: taken }
    },
  }
}

export function summarize(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) }
}
