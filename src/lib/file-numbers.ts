/**
 * Sizes and times of files as numbers. A broken clock or a made-up file gives more than 2^53: the nearest number that a
 * database can hold and give back stands for it, always the same one.
 */
export function toSafeNumber(value: bigint): number {
  const number = Number(value)
  if (number > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  return number < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : number
}

/** Microseconds: nanoseconds since 1970 do not fit into a number, and these only until the year 2255. */
export const toMicroseconds = (nanoseconds: bigint): number => toSafeNumber(nanoseconds / 1000n)
