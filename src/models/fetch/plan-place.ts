import { join, relative } from 'node:path'
import { isAppError } from '../../errors.ts'
import type { WantedPlace } from './downloads.ts'
import { placeName } from './place-name.ts'
import type { Placement } from './placement.ts'
import type { Offer } from './wanted.ts'

/** Where a file would go. */
export interface PlannedPlace {
  /** The model folder, absolute. */
  readonly root: string
  /** Below it, joined by `/`; another file may have the name by then. */
  readonly path: string
}

/** Where a download of this offer would put the file; makes nothing. Undefined where none can be placed. */
export type PlanPlace = (offer: Offer, place: WantedPlace) => Promise<PlannedPlace | undefined>

export interface PlanPlaceDeps {
  readonly placement: Pick<Placement, 'find'>
  readonly civitdlNames: boolean
}

export function createPlanPlace({ placement, civitdlNames }: PlanPlaceDeps): PlanPlace {
  return async (offer, { type, name, folder, home }) => {
    try {
      const { filename: offered, civitai } = offer
      const named = placeName({ wanted: name, offered, civitai, civitdlNames })
      const { root, dir } = await placement.find(
        { type: type === 'other' ? (offer.type ?? type) : type, folder, home },
        named,
      )
      return { root: root.path, path: relative(root.path, join(dir, named.filename)).replaceAll('\\', '/') }
    } catch (error) {
      // The download itself says why.
      if (isAppError(error) && error.code !== 'internal') return undefined
      throw error
    }
  }
}
