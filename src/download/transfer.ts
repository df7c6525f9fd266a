import { AppError, isAppError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { createRates } from './claim-rates.ts'
import { type ConnectionDeps, fetchClaim } from './connection.ts'
import { createGrowth } from './growth.ts'
import type { HostLimits } from './host-limits.ts'
import { noSourceLeft } from './no-source-left.ts'
import type { Location } from './open-range.ts'
import { type Claim, createPlan } from './plan.ts'
import { createSpeed } from './speed.ts'
import type { Supply } from './supply.ts'
import { createSyncer } from './syncer.ts'
import { createTroubleHandler } from './trouble.ts'

export interface TransferDeps extends Omit<ConnectionDeps, 'admit' | 'onReceived' | 'onWritten' | 'onDiskError'> {
  readonly hosts: HostLimits
  readonly admission: Admission
  readonly supplies: readonly Supply[]
  readonly maxRanges: number
  readonly signal: AbortSignal
  onFresh(bytes: number): void
  onProgress(state: { readonly bytesPerSecond: number; readonly connections: number }): void
}

const TICK_MS = 100
interface Connection {
  readonly supply: Supply
  readonly stop: AbortController
  claim: Claim | undefined
}

/**
 * Fetches until the part is whole. When it returns or throws, nothing is under way any more.
 * @throws SourceRefused; AppError upstream_unavailable and others (no source is left), disk_full, cancelled
 */
export async function transfer(deps: TransferDeps): Promise<void> {
  const { part, hash, supplies, admission, tuning, hosts, signal, maxRanges } = deps
  const shares = (supply: Supply): boolean =>
    admission.mixable() && supplies.some((each) => each !== supply && each.dead === undefined && !each.whole)
  const plan = createPlan({
    written: part.written,
    sizeBytes: admission.sizeBytes,
    notedSize: () => part.sizeBytes,
    tuning,
    shares,
  })
  const growth = createGrowth({ max: maxRanges, tuning })
  const speed = createSpeed()
  const measure = createRates(TICK_MS)
  const connections = new Set<Connection>()
  const under = new Set<Promise<void>>()
  let received = 0
  let state: 'running' | 'restarting' | 'ended' = 'running'
  let spoiled = false
  let finish: (error?: unknown) => void = () => {}
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (state === 'ended') return
      state = 'ended'
      for (const { stop } of connections) stop.abort(stopped())
      if (error === undefined) resolve()
      else reject(error)
    }
  })

  const trouble = createTroubleHandler({
    ...{ supplies, admission, hosts, growth },
    open: () => connections.size,
    restart: () => restart(),
    spoil: () => {
      spoiled = true
    },
    fail: (error) => finish(error),
  })
  const syncer = createSyncer({ part, hash, tuning, onError: (error) => finish(error) })

  const isWhole = (): boolean => {
    const size = admission.sizeBytes()
    if (spoiled || size === undefined || part.written.prefix() < size) return false
    return ![...plan.claims()].some(({ unended }) => unended)
  }

  /** Those that may be asked now: a source that only sends whole files is asked when there is no other. */
  function candidates(now: number): readonly Supply[] {
    const live = supplies.filter(({ dead }) => dead === undefined)
    const parts = live.filter(({ whole }) => !whole)
    const chosen = parts.length > 0 ? parts : live.slice(0, 1)
    return (admission.mixable() ? chosen : chosen.slice(0, 1)).filter((each) => each.usable(now))
  }

  function schedule(): void {
    if (state !== 'running') return
    if (isWhole()) finish()
    else if (supplies.every(({ dead }) => dead !== undefined)) finish(noSourceLeft(supplies))
    else startConnections(performance.now())
  }

  function startConnections(now: number): void {
    const allowed = candidates(now)
    for (;;) {
      const counted = [...connections].filter(({ claim, supply }) => claim !== undefined || allowed.includes(supply))
      if (counted.length >= growth.target()) return
      if (admission.sizeBytes() === undefined && counted.length > 0) return
      const next = allowed
        .filter((each) => each.active === 0 || (each.source.ranges === 'bounded' && !each.whole))
        .toSorted((a, b) => a.active - b.active)
        .find((each) => plan.hasWork(each, growth.target()))
      if (next === undefined || waitingToClaim(next)) return
      start(next)
    }
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
      schedule()
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
      if (state !== 'running') return
      connection.claim = plan.take(supply, growth.target())
      if (connection.claim === undefined) return
      await fetchClaim({ ...deps, ...events }, connection.claim, location, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) trouble({ error, supply, location, host })
    } finally {
      if (connection.claim !== undefined) plan.release(connection.claim)
      leave()
    }
  }

  const events = {
    admit: admission.admit,
    onReceived(claim: Claim, bytes: number): void {
      received += bytes
      claim.supply.received(bytes)
      if (claim.end !== Number.POSITIVE_INFINITY) return
      try {
        admission.checkSize(claim.at)
      } catch (error) {
        finish(error)
      }
    },
    onWritten(claim: Claim, bytes: number): void {
      if (bytes === 0) return
      claim.supply.progressed()
      deps.onFresh(bytes)
      if (part.unsynced() >= tuning.syncEveryBytes) syncer.sync()
      if (isWhole()) finish()
    },
    onDiskError: (error: unknown): void => finish(error),
  }

  /** Every byte is fetched anew, once nothing is under way that belongs to the old ones. */
  function restart(): void {
    if (state !== 'running') return
    state = 'restarting'
    for (const { stop } of connections) stop.abort(stopped())
    void Promise.allSettled(under)
      .then(syncer.settled)
      .then(async () => {
        await part.restart()
        hash.restart()
        admission.restart()
        for (const supply of supplies) supply.validator = undefined
        spoiled = false
        if (state === 'restarting') state = 'running'
        schedule()
      })
      .catch(finish)
  }

  function tick(): void {
    const now = performance.now()
    speed.sample(now, received)
    const claims = [...plan.claims()]
    measure(claims)
    for (const { claim, stop } of connections) {
      // Somebody else was faster.
      if (claim?.doubled && part.written.has(claim.at, claim.end)) stop.abort(stopped())
    }
    const receiving = claims.filter(({ at, begin }) => at > begin).length
    growth.sample(now, { claimed: claims.length, receiving }, received)
    deps.onProgress({ bytesPerSecond: speed.bytesPerSecond(now), connections: claims.length })
    if (state === 'running') syncer.tick(now)
    schedule()
  }

  const onAbort = (): void => finish(cancelled(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setInterval(tick, TICK_MS)
  try {
    if (signal.aborted) onAbort()
    else schedule()
    await finished
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
    await Promise.allSettled(under)
    await syncer.settled()
  }
}

const stopped = (): AppError => new AppError('cancelled', 'A connection was closed: it is no longer needed')

export function cancelled(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason
  if (isAppError(reason)) return reason
  return new AppError('cancelled', 'Stopped the download: it was cancelled', { cause: reason })
}
