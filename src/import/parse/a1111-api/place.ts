/** Where a field of A1111's API stands, as evidence names it. */
export const at = (field: string): string => `a1111:${field}`
