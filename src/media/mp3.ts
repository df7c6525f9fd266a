import type { Container } from './container.ts'
import { isFlac, readFlac } from './flac.ts'
import { readId3 } from './id3.ts'
import { createTextCollector } from './text-collector.ts'

/** MP3, and anything else behind an ID3v2 tag: FLAC files have one now and then. */
export const mp3: Container = {
  name: 'mp3',
  matches: (head) => Buffer.from(head.subarray(0, 3)).equals(ID3) || isLayerIII(head),
  read(source, limits) {
    const into = createTextCollector(limits)
    let offset = 0
    for (let count = 0; count < MAX_TAGS; count += 1) {
      const end = readId3(source, offset, into)
      if (end === undefined) break
      offset = end
    }
    if (isFlac(source.read(offset, 4))) readFlac(source, offset, into)
    return into.content()
  },
}

const ID3 = Buffer.from('ID3', 'latin1')
/** A second tag behind the first is rare, more are nobody's. */
const MAX_TAGS = 4

/** The head of an MPEG audio frame of layer III: synchronisation, version, layer, rates that exist. */
const isLayerIII = ([first = 0, second = 0, third = 0]: Uint8Array): boolean =>
  first === 0xff &&
  (second & 0xe6) === 0xe2 &&
  (second & 0x18) !== 0x08 &&
  (third & 0xf0) !== 0xf0 &&
  (third & 0x0c) !== 0x0c
