import type { Container } from './container.ts'
import { findMembers, textOfMember } from './json-members.ts'
import { decodeLatin1 } from './text.ts'
import { createTextCollector } from './text-collector.ts'
import { windowedSource } from './windowed-source.ts'

/** The JSON of a scene has no texts of interest behind this many bytes, and no real one has as many. */
const MAX_JSON_BYTES = 100_000_000

/** Binary glTF: the texts that savers put into `extras` of the whole file or of its `asset` (glTF 2.0, 3.3 and 4). */
export const glb: Container = {
  name: 'glb',
  matches: (head) => decodeLatin1(head.subarray(0, 4)) === 'glTF',
  read(source, limits) {
    const into = createTextCollector(limits)
    const head = source.read(12, 8)
    const length = head.length < 8 ? 0 : new DataView(head.buffer, head.byteOffset, 8).getUint32(0, true)
    if (decodeLatin1(head.subarray(4)) !== 'JSON') into.warn('glb', 'its first chunk is not JSON')
    else {
      if (20 + length > source.sizeBytes) into.warn('glb', 'the file ends inside its JSON')
      const members = findMembers({
        source: windowedSource(source),
        start: 20,
        end: Math.min(20 + Math.min(length, MAX_JSON_BYTES), source.sizeBytes),
        choose,
        givenUp: (reason) => into.warn('glb', reason),
      })
      for (const member of members) {
        const place = `glb:${member.path.join('.')}`
        if (!into.fits(place, member.end - member.start)) continue
        const text = textOfMember(source, member)
        if (text !== undefined) into.add({ place, key: member.path.at(-1) ?? '', text })
      }
    }
    return into.content()
  },
}

/** `asset`, `asset.extras` and `extras` are entered; what lies in either of the latter is taken. */
function choose(path: readonly string[]): 'take' | 'enter' | 'skip' {
  const at = path.join('.')
  if (at === 'asset' || at === 'extras' || at === 'asset.extras') return 'enter'
  return path.at(-2) === 'extras' && path[0] !== undefined && ['asset', 'extras'].includes(path[0]) ? 'take' : 'skip'
}
