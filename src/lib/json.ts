/** A value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject
export type JsonObject = { [key: string]: JsonValue }

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Levels of arrays and objects in `value`, counted without recursion and only up to `limit` + 1. */
export function nestingDepth(value: unknown, limit: number): number {
  let level: unknown[] = [value]
  let depth = 0
  while (depth <= limit) {
    const next: unknown[] = []
    let holds = false
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      holds = true
      for (const child of Object.values(item)) next.push(child)
    }
    if (!holds) return depth
    depth += 1
    level = next
  }
  return depth
}

/** A value of ours as the JSON that it is: readonly lists and optional fields are all right there. */
export const fromJson = (value: object): JsonObject => value as JsonObject
