import type { LinkName } from '../models/link-name.ts'
import type { Upstream } from './fetch-missing.ts'

/** What is fetched goes into the model folders that an import names, before those of this host. */
export function fetchInto(named: readonly string[], upstream: Upstream): Upstream {
  if (named.length === 0) return upstream
  const { downloads, planPlace } = upstream
  return {
    ...upstream,
    downloads: {
      ...downloads,
      order: (order) => downloads.order({ ...order, place: { ...order.place, home: named } }),
    },
    ...(planPlace === undefined ? {} : { planPlace: (offer, place) => planPlace(offer, { ...place, home: named }) }),
  }
}

/** So do links. */
export const linkInto = (named: readonly string[], linkName: LinkName): LinkName =>
  named.length === 0 ? linkName : (wanted) => linkName({ ...wanted, home: named })
