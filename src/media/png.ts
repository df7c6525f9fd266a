import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { readExif } from './exif.ts'
import { createInflater } from './inflater.ts'
import { readChunks } from './png-chunks.ts'
import { type DecodedChunk, decodeTextChunk, TEXT_CHUNKS } from './png-text.ts'
import { readRawProfile } from './raw-profile.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { readXmp, XMP_KEYWORD } from './xmp.ts'

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** PNG and APNG: size from IHDR, and the texts wherever they stand, after the pixels too. */
export const png: Container = {
  name: 'png',
  matches: (head) => SIGNATURE.every((byte, index) => head[index] === byte),
  read: readPng,
}

/** C2PA's manifest store (C2PA 2.1, A.3.3). */
const C2PA_CHUNK = 'caBX'

function readPng(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const inflate = createInflater(limits.totalBytes)
  const brokenOff = readChunks(source, {
    wants(type, lengthBytes) {
      if (type === 'IHDR') return lengthBytes === 13
      if (type === C2PA_CHUNK) into.noteC2pa()
      return (TEXT_CHUNKS.has(type) || type === 'eXIf') && into.fits(`png:${type}`, lengthBytes)
    },
    take(chunk) {
      if (chunk.type === 'IHDR') {
        const view = new DataView(chunk.data.buffer, chunk.data.byteOffset, 8)
        into.setSize(view.getUint32(0), view.getUint32(4))
      } else if (chunk.type === 'eXIf') {
        if (!chunk.crcMatches) into.warn('png:eXIf', 'its checksum does not match')
        readExif(chunk.data, 'png:exif', into)
      } else
        takeText(
          decodeTextChunk(chunk, (data) => inflate(data, into.textLimit)),
          into,
        )
    },
  })
  if (brokenOff !== undefined) into.warn('png', brokenOff)
  return into.content()
}

function takeText({ place, text, problems }: DecodedChunk, into: TextCollector): void {
  for (const problem of problems) into.warn(place, problem)
  if (text?.key === XMP_KEYWORD) readXmp(text.text, 'png:xmp', into)
  else if (text !== undefined && !readRawProfile(text, into)) into.add(text)
}
