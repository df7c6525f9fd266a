import { type Air, formatAir } from '../air/air.ts'

/** Two AIRs with the same key name the same file. */
export const airKey = (air: Air): string => formatAir(air).toLowerCase()
