import type { Container } from './container.ts'
import { findMembers, textOfMember } from './json-members.ts'
import { createTextCollector } from './text-collector.ts'
import { windowedSource } from './windowed-source.ts'

/** As safetensors itself limits it. */
const MAX_HEADER_BYTES = 100_000_000
const METADATA = '__metadata__'

/**
 * Safetensors files, `.latent` among them: the texts of `__metadata__` in the header. A merged model can carry the
 * workflow that made it. Entries of tensors are passed over.
 */
export const safetensorsHeader: Container = {
  name: 'safetensors',
  matches(head) {
    const bytes = headerBytes(head)
    return bytes !== undefined && bytes >= 2 && bytes <= MAX_HEADER_BYTES && head[8] === '{'.charCodeAt(0)
  },
  read(source, limits) {
    const into = createTextCollector(limits)
    const end = 8 + (headerBytes(source.read(0, 8)) ?? 0)
    if (end > source.sizeBytes) into.warn('safetensors', 'the file ends inside its header')
    const members = findMembers({
      source: windowedSource(source),
      start: 8,
      end: Math.min(end, source.sizeBytes),
      choose: ([first, second]) => (first !== METADATA ? 'skip' : second === undefined ? 'enter' : 'take'),
      givenUp: (reason) => into.warn('safetensors', reason),
    })
    for (const member of members) {
      const key = member.path[1]
      if (key === undefined) continue
      const place = `safetensors:${METADATA}:${key}`
      if (!into.fits(place, member.end - member.start)) continue
      const text = textOfMember(source, member)
      if (text === undefined) into.warn(place, 'it is no string')
      else into.add({ place, key, text })
    }
    return into.content()
  },
}

function headerBytes(head: Uint8Array): number | undefined {
  if (head.length < 8) return undefined
  return Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true))
}
