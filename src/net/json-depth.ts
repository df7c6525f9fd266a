/** Far more than anything has that is of use; few things that walk through a value stand a hundred thousand. */
const MOST_LEVELS = 500

/** Whether a parsed answer is nested deeper than anybody can use: what then walks through it would run out of stack. */
export const isTooDeep = (value: unknown, most: number = MOST_LEVELS): boolean =>
  typeof value === 'object' && value !== null && goesBelow(value, most)

/** Goes no deeper than `levels` itself. Lists of a million entries pass here: nothing is made for each. */
function goesBelow(value: object, levels: number): boolean {
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const inner of value as readonly unknown[]) if (isTooDeep(inner, levels - 1)) return true
    return false
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const name in fields) if (isTooDeep(fields[name], levels - 1)) return true
  return false
}
