import type { Container } from './container.ts'
import { decodeFile, encodingOf, looksLikeTextFile, withoutTrailingNuls } from './text.ts'

/**
 * A file that is text all through: a prompt, a JSON workflow, a sidecar. UTF-8, or UTF-16 with a byte order mark, as
 * Windows' editor writes it, or without one. One text, with an empty key.
 */
export const plainText: Container = {
  name: 'text',
  matches: (head) => head.length > 0 && looksLikeTextFile(head),
  read(source, limits) {
    const limit = Math.min(limits.textBytes, limits.totalBytes)
    if (source.sizeBytes > limit) {
      const reason = `the file was left out: it is larger than the limit (${limit} bytes)`
      return { texts: [], warnings: [{ place: 'text', reason }] }
    }
    const bytes = source.read(0, source.sizeBytes)
    const text = decodeFile(bytes)
    if (text === undefined) {
      const encoding = encodingOf(bytes) === 'utf-8' ? 'UTF-8' : 'UTF-16'
      return { texts: [], warnings: [{ place: 'text', reason: `the file is not ${encoding} all through` }] }
    }
    return { texts: [{ place: 'text', key: '', text: withoutTrailingNuls(text) }], warnings: [] }
  },
}
