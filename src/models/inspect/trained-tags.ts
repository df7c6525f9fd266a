import { isJsonObject } from '../../lib/json.ts'
import { plainText } from './bounded.ts'

const MAX_TEXT_CHARS = 4 * 1024 * 1024
const MAX_TAGS = 40
const MAX_TAG_CHARS = 80

/**
 * The tags with which a LoRA was trained most often, most frequent first, from kohya's `ss_tag_frequency`
 * (`{"<folder>": {"<tag>": count}}`). They hint at its trigger words.
 */
export function trainedTags(frequency: string | undefined): string[] {
  if (frequency === undefined || frequency.length > MAX_TEXT_CHARS) return []
  let parsed: unknown
  try {
    parsed = JSON.parse(frequency)
  } catch {
    return []
  }
  const counts = new Map<string, number>()
  for (const folder of isJsonObject(parsed) ? Object.values(parsed) : []) {
    for (const [written, count] of isJsonObject(folder) ? Object.entries(folder) : []) {
      const tag = plainText(written, MAX_TAG_CHARS)
      if (tag !== undefined && typeof count === 'number' && count > 0) counts.set(tag, (counts.get(tag) ?? 0) + count)
    }
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_TAGS)
    .map(([tag]) => tag)
}
