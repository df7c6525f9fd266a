import { steadyClock, type WaitingClock } from './waiting-clock.ts'

/** How many connections each host gets, over all downloads. */
export interface HostLimits {
  /**
   * Waits for a place among the connections to `host`, first come, first served, and gives the function that leaves it,
   * which may be called again.
   * @param host name and port, as the URL has them
   * @throws the signal's reason
   */
  enter(host: string, signal: AbortSignal): Promise<() => void>
  /** Nobody enters before `ms` have passed (`Retry-After`); who is inside is not touched. */
  pause(host: string, ms: number): void
  /**
   * Half as many connections as there are now, at least one: for 429, 503 and refused connections. All that fail within
   * SETTLING_MS count once. Afterwards the host gets one more each RECOVERY_MS.
   */
  shrink(host: string): void
  /** Connections that the host gets at the moment. */
  allowed(host: string): number
}

export interface HostLimitsOptions {
  readonly perHost: number
  readonly clock?: WaitingClock
}

/** Connections that were opened together fail together. */
export const SETTLING_MS = 2_000
export const RECOVERY_MS = 30_000

interface Host {
  limit: number
  /** From when on the limit grows again. */
  growsFrom: number
  shrunkAt: number
  pausedUntil: number
  inside: number
  readonly waiting: (() => void)[]
  stopTimer: (() => void) | undefined
}

export function createHostLimits({ perHost, clock = steadyClock }: HostLimitsOptions): HostLimits {
  const most = Math.max(1, perHost)
  const hosts = new Map<string, Host>()

  function hostOf(name: string): Host {
    const key = name.toLowerCase()
    const known = hosts.get(key)
    if (known !== undefined) return known
    for (const [other, host] of hosts) if (isForgettable(host)) hosts.delete(other)
    const never = Number.NEGATIVE_INFINITY
    const host: Host = {
      limit: most,
      growsFrom: never,
      shrunkAt: never,
      pausedUntil: never,
      inside: 0,
      waiting: [],
      stopTimer: undefined,
    }
    hosts.set(key, host)
    return host
  }

  const isForgettable = (host: Host): boolean =>
    host.inside === 0 && host.waiting.length === 0 && host.pausedUntil <= clock.now() && limitOf(host) === most

  function limitOf(host: Host): number {
    const grown = Math.floor((clock.now() - host.growsFrom) / RECOVERY_MS)
    if (host.limit < most && grown > 0) {
      host.limit = Math.min(most, host.limit + grown)
      host.growsFrom += grown * RECOVERY_MS
    }
    return host.limit
  }

  function admit(host: Host): void {
    host.stopTimer?.()
    host.stopTimer = undefined
    const paused = host.pausedUntil > clock.now()
    while (!paused && host.inside < limitOf(host)) {
      const next = host.waiting.shift()
      if (next === undefined) return
      host.inside += 1
      next()
    }
    if (host.waiting.length === 0 || (!paused && host.limit === most)) return
    const at = paused ? host.pausedUntil : host.growsFrom + RECOVERY_MS
    host.stopTimer = clock.after(Math.ceil(at - clock.now()), () => admit(host))
  }

  return {
    enter: (name, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const host = hostOf(name)
        const enter = (): void => {
          signal.removeEventListener('abort', giveUp)
          resolve(leaving(() => leave(host)))
        }
        function giveUp(): void {
          host.waiting.splice(host.waiting.indexOf(enter), 1)
          admit(host)
          reject(signal.reason)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        host.waiting.push(enter)
        admit(host)
      }),
    pause(name, ms) {
      const host = hostOf(name)
      host.pausedUntil = Math.max(host.pausedUntil, clock.now() + ms)
      host.growsFrom = Math.max(host.growsFrom, host.pausedUntil)
      admit(host)
    },
    shrink(name) {
      const host = hostOf(name)
      const now = clock.now()
      if (now - host.shrunkAt < SETTLING_MS) return
      const used = host.inside === 0 ? limitOf(host) : Math.min(limitOf(host), host.inside)
      host.limit = Math.max(1, Math.floor(used / 2))
      host.shrunkAt = now
      host.growsFrom = Math.max(now, host.pausedUntil)
      admit(host)
    },
    allowed: (name) => limitOf(hostOf(name)),
  }

  function leave(host: Host): void {
    host.inside -= 1
    admit(host)
  }
}

function leaving(leave: () => void): () => void {
  let left = false
  return () => {
    if (left) return
    left = true
    leave()
  }
}
