import { type Clock, toIso } from '../../lib/clock.ts'
import { createPace } from './canonical.ts'
import type { ServeRule } from './exclude.ts'
import { createKin } from './kin.ts'
import type { ServedRow, ServedRows } from './served-rows.ts'
import type { SwarmClaims, SwarmClaimsReader } from './swarm-claims.ts'
import { toSwarmModel, type UnshelvedModel } from './swarm-model.ts'
import { createShelf, nameUniquely, type SwarmShelf } from './swarm-shelf.ts'
import { SWARM_SUBTYPES, type SwarmSubtype, subtypeOf } from './swarm-subtypes.ts'

/** What the index held when it was read, by subtype. */
export interface SwarmCatalog {
  readonly generatedAt: string
  of(subtype: SwarmSubtype): SwarmShelf
}

export interface SwarmCatalogKeeper {
  /** As the index is now. */
  current(): Promise<SwarmCatalog>
  /** The last one that was read, which may be out of date. */
  kept(): SwarmCatalog | undefined
}

export interface SwarmCatalogDeps {
  readonly rows: Pick<ServedRows, 'version' | 'pages'>
  readonly claims: SwarmClaimsReader
  readonly rule: ServeRule
  readonly clock: Clock
}

interface Kept {
  readonly key: string
  /** Whether another change could not hide behind the same version. */
  readonly isSettled: boolean
  /** From when on it may be another without a change of the index. */
  readonly holdsUntil: number
  readonly catalog: SwarmCatalog
}

/** A change within the same millisecond as the last one that was read leaves the version as it is; clocks are coarse. */
const SETTLED_MS = 1_000

/** Reads the index again when it has changed, once for all who ask meanwhile. */
export function createSwarmCatalog(deps: SwarmCatalogDeps): SwarmCatalogKeeper {
  const { rows, clock } = deps
  let kept: Kept | undefined
  let building: { readonly key: string; readonly done: Promise<Kept> } | undefined

  async function build(key: string, changedAt: number): Promise<Kept> {
    const isSettled = changedAt < clock.now() - SETTLED_MS
    kept = { key, isSettled, ...(await readCatalog(deps)) }
    return kept
  }

  return {
    async current() {
      for (;;) {
        const { key, changedAt } = await rows.version()
        if (kept?.key === key && kept.isSettled && clock.now() < kept.holdsUntil) return kept.catalog
        if (building !== undefined && building.key !== key) {
          await building.done.catch(() => {})
          continue
        }
        building ??= { key, done: build(key, changedAt).finally(() => (building = undefined)) }
        return (await building.done).catalog
      }
    },
    kept: () => kept?.catalog,
  }
}

/**
 * Files without a digest are left out until they have one: which of them are copies of what the owner has closed can
 * only be told by it, and no byte leaves this host but under a digest.
 */
async function readCatalog({ rows, claims, rule, clock }: SwarmCatalogDeps): Promise<Omit<Kept, 'key' | 'isSettled'>> {
  const generatedAt = toIso(clock.now())
  const pace = createPace()
  const claimed = new Map<string, SwarmClaims>()
  for await (const page of claims.pages()) {
    for (const [path, said] of page) claimed.set(path, said)
    await pace()
  }
  const copies = new Map<string, ServedRow[]>()
  for await (const page of rows.pages()) {
    for (const row of page) {
      const same = copies.get(row.sha256)
      if (same === undefined) copies.set(row.sha256, [row])
      else same.push(row)
    }
    await pace()
  }
  const served = new Map<SwarmSubtype, ServedRow[]>(SWARM_SUBTYPES.map((subtype) => [subtype, []]))
  let holdsUntil = Number.POSITIVE_INFINITY
  const kinOf = createKin(copies.values())
  for (const same of copies.values()) {
    const refusal = rule.whyNotServed(same, kinOf(same))
    if (refusal?.until !== undefined) holdsUntil = Math.min(holdsUntil, refusal.until)
    if (refusal !== undefined) continue
    for (const row of same.filter(rule.isServable)) {
      const subtype = subtypeOf(row.type)
      if (subtype !== undefined) served.get(subtype)?.push(row)
    }
    const pause = pace()
    if (pause !== undefined) await pause
  }
  const shelves = new Map<SwarmSubtype, SwarmShelf>()
  for (const [subtype, own] of served) {
    const inOrder = own.sort((a, b) => (a.path < b.path ? -1 : 1))
    const models: UnshelvedModel[] = []
    for (const [name, row] of nameUniquely(inOrder)) {
      models.push(toSwarmModel(row, name, claimed.get(row.path)))
      const pause = pace()
      if (pause !== undefined) await pause
    }
    shelves.set(subtype, createShelf(models))
  }
  const empty = createShelf([])
  return { holdsUntil, catalog: { generatedAt, of: (subtype) => shelves.get(subtype) ?? empty } }
}
