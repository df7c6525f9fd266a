import { createRates } from './claim-rates.ts'
import type { Growth } from './growth.ts'
import type { Plan } from './plan.ts'
import { createSpeed } from './speed.ts'

/** How fast a download goes, as a whole and each connection by itself. */
export interface Pace {
  received(bytes: number): void
  /** To be called every `everyMs`. */
  tick(now: number): { readonly bytesPerSecond: number; readonly connections: number }
}

export interface PaceDeps {
  readonly plan: Pick<Plan, 'claims'>
  readonly growth: Pick<Growth, 'sample'>
  readonly everyMs: number
}

export function createPace({ plan, growth, everyMs }: PaceDeps): Pace {
  const speed = createSpeed()
  const measure = createRates(everyMs)
  let all = 0
  return {
    received(bytes) {
      all += bytes
    },
    tick(now) {
      speed.sample(now, all)
      const claims = [...plan.claims()]
      measure(claims)
      const receiving = claims.filter(({ at, begin }) => at > begin).length
      growth.sample(now, { claimed: claims.length, receiving }, all)
      return { bytesPerSecond: speed.bytesPerSecond(now), connections: claims.length }
    },
  }
}
