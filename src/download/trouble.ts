import type { Admission } from './admission.ts'
import type { Growth } from './growth.ts'
import type { HostLimits } from './host-limits.ts'
import type { Location } from './open-range.ts'
import { concernsAll, SourceFault, toFault, wasRefused } from './source-fault.ts'
import type { Supply } from './supply.ts'

export interface Trouble {
  readonly error: unknown
  readonly supply: Supply
  /** Where it happened, if it was known where the file lies. */
  readonly location: Location | undefined
  /** Of the location; empty before one was known. */
  readonly host: string
}

export interface TroubleDeps {
  readonly supplies: readonly Supply[]
  readonly admission: Pick<Admission, 'mixable'>
  readonly hosts: Pick<HostLimits, 'pause' | 'shrink'>
  readonly growth: Pick<Growth, 'complain'>
  /** Connections at the moment, of all sources. */
  open(): number
  /** Every byte is fetched anew. */
  restart(): void
  /** What there is must not become the file. */
  spoil(): void
  /** Ends the download. */
  fail(error: unknown): void
}

/** Every time costs all that had come. */
const MAX_BEGUN_ANEW = 4

/** Decides what follows from the failure of one connection. */
export function createTroubleHandler(deps: TroubleDeps): (trouble: Trouble) => void {
  const { supplies, admission, hosts, growth } = deps
  let restarts = 0
  let begunAnew = 0
  const othersThan = (supply: Supply): boolean => supplies.some((each) => each !== supply && each.dead === undefined)

  function onChanged({ message }: SourceFault, supply: Supply, now: number): void {
    if ((othersThan(supply) && admission.mixable()) || restarts > supplies.length) {
      supply.fail(new SourceFault('dead', message), now, undefined)
      return
    }
    restarts += 1
    deps.restart()
  }

  /** Of what came, nothing can be used: it will break off in the same place again, unless it does not. */
  function onAnew({ message }: SourceFault, supply: Supply, now: number): void {
    begunAnew += 1
    if (begunAnew > MAX_BEGUN_ANEW) supply.fail(new SourceFault('dead', message), now, undefined)
    else deps.restart()
  }

  /** Some storages do so now and then, and send a range when they are asked again. */
  function onWholeFile({ message }: SourceFault, supply: Supply, now: number): void {
    supply.wholes += 1
    if (supply.wholes > 1) supply.whole = true
    else supply.fail(new SourceFault('retry', message), now, undefined)
  }

  /** Where no digest will tell, its bytes must not stay. */
  function onDifferent(supply: Supply): void {
    if (supply.bytes === 0 || admission.mixable()) return
    if (othersThan(supply)) deps.restart()
    else deps.spoil()
  }

  return ({ error, supply, location, host }) => {
    if (concernsAll(error)) {
      deps.fail(error)
      return
    }
    const fault = toFault(error)
    const now = performance.now()
    if (fault.kind === 'changed') onChanged(fault, supply, now)
    else if (fault.kind === 'anew') onAnew(fault, supply, now)
    else if (fault.kind === 'whole') onWholeFile(fault, supply, now)
    else if (fault.kind !== 'single') supply.fail(fault, now, location)
    if (fault.kind === 'different') onDifferent(supply)
    // A host that answers nobody is not one that has too many connections.
    if (host === '' || (fault.kind !== 'busy' && !(wasRefused(fault) && supply.active > 1))) return
    if (fault.waitMs !== undefined && supply.dead === undefined) hosts.pause(host, fault.waitMs)
    hosts.shrink(host)
    if (supply.active === deps.open()) growth.complain(now, supply.active)
  }
}
