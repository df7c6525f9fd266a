/** Where a key of an infotext stands, as evidence names it. */
export const at = (key: string): string => `infotext:${key}`
