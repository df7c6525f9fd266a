import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { readPieces } from './ogg-pages.ts'
import { decodeLatin1 } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { readVorbisComment } from './vorbis-comment.ts'

/** Ogg: the comment header of each stream, which is its second packet: Vorbis, Opus, FLAC, Theora and Speex. */
export const ogg: Container = {
  name: 'ogg',
  matches: (head) => decodeLatin1(head.subarray(0, 4)) === 'OggS',
  read: readOgg,
}

/** How a stream's first packet begins, and how many bytes of the second stand in front of the comment. */
const CODECS: readonly (readonly [start: string, skipBytes: number])[] = [
  ['\x01vorbis', 7], // "\x03vorbis"
  ['OpusHead', 8], // "OpusTags"
  ['\x7fFLAC', 4], // the head of a FLAC block
  ['\x80theora', 7], // "\x81theora"
  ['Speex   ', 0],
]
/** Sound, pictures and subtitles; hostile files begin a stream with every page. */
const MAX_STREAMS = 16

interface Stream {
  readonly skipBytes: number
  readonly parts: Uint8Array[]
  byteLength: number
  /** Whether the first packet is still coming. */
  isFirst: boolean
}

function readOgg(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const open = new Map<number, Stream>()
  const pieces = readPieces(source, (reason) => into.warn('ogg', reason))
  for (const { serial, isFirstPage, endsPacket, data } of pieces) {
    let stream = open.get(serial)
    if (isFirstPage && stream === undefined && open.size < MAX_STREAMS) {
      stream = streamOf(data)
      if (stream !== undefined) open.set(serial, stream)
    } else if (stream !== undefined && !stream.isFirst && !keep(stream, data, into)) open.delete(serial)
    if (endsPacket && stream !== undefined) {
      if (stream.isFirst) stream.isFirst = false
      else if (open.delete(serial)) readComment(stream, into)
    }
    // All streams begin before any goes on, so that none is overlooked.
    if (!isFirstPage && open.size === 0) break
  }
  return into.content()
}

function streamOf(firstPacket: Uint8Array): Stream | undefined {
  const start = decodeLatin1(firstPacket.subarray(0, 8))
  const codec = CODECS.find(([magic]) => start.startsWith(magic))
  return codec && { skipBytes: codec[1], parts: [], byteLength: 0, isFirst: true }
}

function keep(stream: Stream, data: Uint8Array, into: TextCollector): boolean {
  stream.byteLength += data.length
  if (!into.fits('ogg:tag', stream.byteLength)) return false
  stream.parts.push(new Uint8Array(data)) // a copy: what a source gives may be a view of far more
  return true
}

function readComment({ parts, skipBytes }: Stream, into: TextCollector): void {
  readVorbisComment(Buffer.concat(parts).subarray(skipBytes), 'ogg', into)
}
