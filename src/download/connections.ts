import { AppError } from '../errors.ts'
import type { Admission } from './admission.ts'
import type { Claim } from './claim.ts'
import type { Growth } from './growth.ts'
import type { HostLimits } from './host-limits.ts'
import type { Intervals } from './intervals.ts'
import type { Location } from './open-range.ts'
import type { Plan } from './plan.ts'
import type { Supply } from './supply.ts'
import type { Trouble } from './trouble.ts'

/** The connections of one download: as many as it should have, to the sources that may be asked. */
export interface Connections {
  /** Those that wait for their host or its address included. */
  size(): number
  /** Starts what is missing. */
  fill(now: number): void
  /** Stops those whose bytes somebody else has written meanwhile. */
  stopOvertaken(written: Intervals): void
  stopAll(): void
  /** When nothing is under way any more that was so. */
  settled(): Promise<void>
}

export interface ConnectionsDeps {
  readonly supplies: readonly Supply[]
  readonly admission: Pick<Admission, 'mixable' | 'sizeBytes' | 'inspect'>
  readonly plan: Plan
  readonly growth: Pick<Growth, 'target'>
  readonly hosts: Pick<HostLimits, 'enter'>
  /** No connection begins to fetch any more. */
  isOver(): boolean
  fetch(claim: Claim, location: Location, signal: AbortSignal): Promise<void>
  onTrouble(trouble: Trouble): void
  /** One has ended. */
  onEnd(): void
}

interface Connection {
  readonly supply: Supply
  readonly stop: AbortController
  claim: Claim | undefined
}

export function createConnections(deps: ConnectionsDeps): Connections {
  const { supplies, admission, plan, growth, hosts } = deps
  const connections = new Set<Connection>()
  const under = new Set<Promise<void>>()

  /** Those that may be asked now: a source that only sends whole files is asked when there is no other. */
  function candidates(now: number): readonly Supply[] {
    const live = supplies.filter(({ dead }) => dead === undefined)
    const parts = live.filter(({ whole }) => !whole)
    const chosen = parts.length > 0 ? parts : live.slice(0, 1)
    return (admission.mixable() ? chosen : chosen.slice(0, 1)).filter((each) => each.usable(now))
  }

  /** As many as wait for their host are enough. */
  const waitingToClaim = (supply: Supply): boolean =>
    [...connections].filter((each) => each.supply === supply && each.claim === undefined).length >= growth.target()

  function start(supply: Supply): void {
    const connection: Connection = { supply, stop: new AbortController(), claim: undefined }
    connections.add(connection)
    supply.active += 1
    const run = connect(connection).finally(() => {
      connections.delete(connection)
      under.delete(run)
      supply.active -= 1
      deps.onEnd()
    })
    under.add(run)
  }

  async function connect(connection: Connection): Promise<void> {
    const { supply, stop } = connection
    let location: Location | undefined
    let host = ''
    let leave = (): void => {}
    try {
      location = await supply.locate(stop.signal)
      admission.inspect(supply)
      host = new URL(location.url).host
      leave = await hosts.enter(host, stop.signal)
      if (deps.isOver()) return
      connection.claim = plan.take(supply, growth.target())
      if (connection.claim !== undefined) await deps.fetch(connection.claim, location, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) deps.onTrouble({ error, supply, location, host })
    } finally {
      if (connection.claim !== undefined) plan.release(connection.claim)
      leave()
    }
  }

  return {
    size: () => connections.size,
    fill(now) {
      const allowed = candidates(now)
      for (;;) {
        const counted = [...connections].filter(({ claim, supply }) => claim !== undefined || allowed.includes(supply))
        if (counted.length >= growth.target()) return
        if (admission.sizeBytes() === undefined && counted.length > 0) return
        const next = allowed
          .filter((each) => each.active === 0 || (each.source.ranges === 'bounded' && !each.whole && !each.single))
          .toSorted((a, b) => a.active - b.active)
          .find((each) => plan.hasWork(each, growth.target()))
        if (next === undefined || waitingToClaim(next)) return
        start(next)
      }
    },
    stopOvertaken(written) {
      for (const { claim, stop } of connections) {
        if (claim?.doubled && written.has(claim.at, claim.end)) stop.abort(stopped())
      }
    },
    stopAll() {
      for (const { stop } of connections) stop.abort(stopped())
    },
    async settled() {
      await Promise.allSettled(under)
    },
  }
}

const stopped = (): AppError => new AppError('cancelled', 'A connection was closed: it is no longer needed')
