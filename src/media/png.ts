import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MediaWarning, MetadataLimits, MetadataText } from './container.ts'
import { readChunks } from './png-chunks.ts'
import { decodeTextChunk, TEXT_CHUNKS } from './png-text.ts'

/** Hostile files have a million tiny chunks; real ones have up to about fifty texts. */
const MAX_TEXTS = 1000
const MAX_WARNINGS = 100

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** PNG and APNG: size from IHDR, and the texts wherever they stand, after the pixels too. */
export const png: Container = {
  name: 'png',
  matches: (head) => SIGNATURE.every((byte, index) => head[index] === byte),
  read: readPng,
}

async function readPng(source: ByteSource, limits: MetadataLimits): Promise<ContainerContent> {
  const texts: MetadataText[] = []
  const warnings: MediaWarning[] = []
  const warn = (place: string, reason: string): void => {
    if (warnings.length < MAX_WARNINGS) warnings.push({ place, reason })
  }
  let size: { width: number; height: number } | undefined
  let leftBytes = limits.totalBytes
  const chunks = readChunks(source, {
    wants(type, lengthBytes) {
      if (type === 'IHDR') return size === undefined && lengthBytes === 13
      if (!TEXT_CHUNKS.has(type)) return false
      if (texts.length === MAX_TEXTS) {
        warn(`png:${type}`, `the chunk was left out: the file has more than ${MAX_TEXTS} texts`)
        return false
      }
      const fits = lengthBytes <= Math.min(limits.textBytes, leftBytes)
      if (!fits) warn(`png:${type}`, `the chunk was left out: it is larger than the limit (${lengthBytes} bytes)`)
      return fits
    },
    brokenOff: (reason) => warn('png', reason),
  })
  for await (const chunk of chunks) {
    if (chunk.type === 'IHDR') {
      const view = new DataView(chunk.data.buffer, chunk.data.byteOffset, 8)
      size = { width: view.getUint32(0), height: view.getUint32(4) }
      continue
    }
    const decoded = await decodeTextChunk(chunk, Math.min(limits.textBytes, leftBytes))
    for (const problem of decoded.problems) warn(decoded.place, problem)
    if (decoded.text === undefined) continue
    texts.push(decoded.text)
    leftBytes -= Math.max(chunk.data.length, Buffer.byteLength(decoded.text.text))
  }
  return { ...size, texts, warnings }
}
