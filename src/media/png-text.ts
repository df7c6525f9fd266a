import type { MetadataText } from './container.ts'
import type { Inflated } from './inflate.ts'
import type { PngChunk } from './png-chunks.ts'
import { decodeLatin1, decodeText, decodeUtf8 } from './text.ts'

export interface DecodedChunk {
  readonly place: string
  readonly text?: MetadataText
  /** What was wrong with it; a text can be there all the same. */
  readonly problems: readonly string[]
}

/** Chunk types that hold text. `comf` is ComfyUI's own, in animated PNGs: laid out as tEXt. */
export const TEXT_CHUNKS: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt', 'comf'])

type Inflate = (data: Uint8Array) => Inflated

/** PNG text chunks as the specification lays them out (11.3.3); `inflate` is for those that are compressed. */
export function decodeTextChunk(chunk: PngChunk, inflate: Inflate): DecodedChunk {
  const problems = chunk.crcMatches ? [] : ['its checksum does not match']
  const keyEnd = chunk.data.indexOf(0)
  if (keyEnd < 0) return { place: `png:${chunk.type}`, problems: [...problems, 'it has no keyword'] }
  const key = decodeLatin1(chunk.data.subarray(0, keyEnd))
  const place = `png:${chunk.type}:${key}`
  const body = decodeBody(chunk.type, chunk.data.subarray(keyEnd + 1), inflate)
  if (body.problem !== undefined) problems.push(body.problem)
  if (body.text === undefined) return { place, problems }
  return { place, text: { place, key, text: body.text }, problems }
}

interface Body {
  readonly text?: string
  readonly problem?: string
}

function decodeBody(type: string, rest: Uint8Array, inflate: Inflate): Body {
  if (type === 'zTXt') return decompressed(rest[0], rest.subarray(1), inflate)
  if (type !== 'iTXt') return { text: decodeText(rest) }
  const languageEnd = rest.indexOf(0, 2)
  const translatedEnd = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1)
  if (translatedEnd < 0) return { problem: 'it is cut off before its text' }
  const payload = rest.subarray(translatedEnd + 1)
  if (rest[0] === 1) return decompressed(rest[1], payload, inflate)
  const text = decodeUtf8(payload)
  return text === undefined ? { text: decodeLatin1(payload), problem: 'its text is not UTF-8' } : { text }
}

function decompressed(method: number | undefined, data: Uint8Array, inflate: Inflate): Body {
  if (method !== 0) return { problem: 'its compression method is unknown' }
  const inflated = inflate(data)
  if (!inflated.ok) return { problem: inflated.reason }
  const text = decodeText(inflated.bytes)
  return inflated.cutOff ? { text, problem: 'its compressed text is cut off' } : { text }
}
