import type { Admission } from './admission.ts'
import { cancelled } from './cancelled.ts'
import type { Claim } from './claim.ts'
import { type ConnectionDeps, fetchClaim } from './connection.ts'
import { createConnections } from './connections.ts'
import { createGrowth } from './growth.ts'
import type { HostLimits } from './host-limits.ts'
import { noSourceLeft } from './no-source-left.ts'
import { createPace } from './pace.ts'
import { createPlan } from './plan.ts'
import type { Supply } from './supply.ts'
import { createSyncer } from './syncer.ts'
import { createTroubleHandler } from './trouble.ts'

export interface TransferDeps
  extends Omit<ConnectionDeps, 'admit' | 'grow' | 'onAnswer' | 'onReceived' | 'onWritten' | 'onDiskError'> {
  readonly hosts: HostLimits
  readonly admission: Admission
  readonly supplies: readonly Supply[]
  readonly maxRanges: number
  readonly signal: AbortSignal
  onFresh(bytes: number): void
  onProgress(state: { readonly bytesPerSecond: number; readonly connections: number }): void
}

const TICK_MS = 100

/**
 * Fetches until the part is whole. When it returns or throws, nothing is under way any more.
 * @throws SourceRefused; AppError upstream_unavailable and others (no source is left), disk_full, cancelled
 */
export async function transfer(deps: TransferDeps): Promise<void> {
  const { part, hash, supplies, admission, tuning, hosts, signal, maxRanges } = deps
  const shares = (supply: Supply): boolean =>
    admission.mixable() && supplies.some((each) => each !== supply && each.dead === undefined && !each.whole)
  const notedSize = (): number | undefined => part.sizeBytes
  const plan = createPlan({ written: part.written, sizeBytes: admission.sizeBytes, notedSize, tuning, shares })
  const growth = createGrowth({ max: maxRanges, tuning })
  const pace = createPace({ plan, growth, everyMs: TICK_MS })
  let state: 'running' | 'restarting' | 'ended' = 'running'
  let spoiled = false
  let finish: (error?: unknown) => void = () => {}
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (state === 'ended') return
      state = 'ended'
      connections.stopAll()
      if (error === undefined) resolve()
      else reject(error)
    }
  })

  const trouble = createTroubleHandler({
    ...{ supplies, admission, hosts, growth },
    open: () => connections.size(),
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

  function schedule(): void {
    if (state !== 'running') return
    if (isWhole()) finish()
    else if (supplies.every(({ dead }) => dead !== undefined)) finish(noSourceLeft(supplies))
    else connections.fill(performance.now())
  }

  const events = {
    admit: admission.admit,
    // The first answer tells the size and the address: the others need not wait for the next tick.
    onAnswer: (): void => schedule(),
    grow: admission.grow,
    onReceived(claim: Claim, bytes: number): void {
      pace.received(bytes)
      claim.supply.received(bytes)
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

  const connections = createConnections({
    ...{ supplies, admission, plan, growth, hosts },
    isOver: () => state !== 'running',
    fetch: (claim, location, stop) => fetchClaim({ ...deps, ...events }, claim, location, stop),
    onTrouble: (of) => trouble(of),
    onEnd: () => schedule(),
  })

  let restarted: Promise<void> = Promise.resolve()

  /** Every byte is fetched anew, once nothing is under way that belongs to the old ones. */
  function restart(): void {
    if (state !== 'running') return
    state = 'restarting'
    connections.stopAll()
    restarted = connections
      .settled()
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
    deps.onProgress(pace.tick(now))
    connections.stopOvertaken(part.written)
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
    await connections.settled()
    await restarted
    await syncer.settled()
  }
}
