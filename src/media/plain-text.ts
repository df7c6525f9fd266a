import type { Container } from './container.ts'
import { decodeUtf8, looksLikeText, withoutTrailingNuls } from './text.ts'

/** A file that is text all through: a prompt, a JSON workflow, a sidecar. One text, with an empty key. */
export const plainText: Container = {
  name: 'text',
  matches: (head) => head.length > 0 && looksLikeText(head),
  read(source, limits) {
    const limit = Math.min(limits.textBytes, limits.totalBytes)
    if (source.sizeBytes > limit) {
      const reason = `the file was left out: it is larger than the limit (${limit} bytes)`
      return { texts: [], warnings: [{ place: 'text', reason }] }
    }
    const text = decodeUtf8(source.read(0, source.sizeBytes))
    if (text === undefined)
      return { texts: [], warnings: [{ place: 'text', reason: 'the file is not UTF-8 all through' }] }
    return { texts: [{ place: 'text', key: '', text: withoutTrailingNuls(text) }], warnings: [] }
  },
}
