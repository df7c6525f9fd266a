import { bytesSource, fdSource, openFileSync } from '../../media/byte-source.ts'
import type { MetadataLimits, MetadataText } from '../../media/container.ts'
import { type MediaMetadata, readHidden, readMetadata } from '../../media/read-metadata.ts'
import { packTextsNow, unpackTextsNow } from '../packed-text-now.ts'
import { type ParsedPrompt, parsePrompt } from '../parse/detect.ts'
import type { ParseContext } from '../parse/parser.ts'
import { rewriteTexts } from '../rewrite/rewrite.ts'
import type { PromptReading, ReadFrom, ReadRequest } from './messages.ts'

/**
 * Reads what a request names and understands it; texts hidden in pixels only where nothing else says anything.
 * Holds up its thread for as long as that takes.
 * @throws what reading the disk throws, and AppError invalid_input (a format that is not known), payload_too_large (more
 * texts than can be kept), internal (texts that were kept and are damaged)
 */
export function readPrompt(request: ReadRequest, limits: MetadataLimits, context: ParseContext): PromptReading {
  const { from } = request
  if (from.kind !== 'path') return readFrom({ ...request, from }, limits, context)
  const { fd, sizeBytes, close } = openFileSync(from.path)
  try {
    return readFrom({ ...request, from: { kind: 'file', fd, sizeBytes } }, limits, context)
  } finally {
    close()
  }
}

type OpenRequest = ReadRequest & { readonly from: Exclude<ReadFrom, { kind: 'path' }> }

function readFrom(request: OpenRequest, limits: MetadataLimits, context: ParseContext): PromptReading {
  const { from, format, placePrefix = '', keepTexts = false, named } = request
  const parse = (texts: readonly MetadataText[]) => parsePrompt({ texts, format, context })
  const rewritten = (texts: readonly MetadataText[], { sources }: ParsedPrompt): Pick<PromptReading, 'rewritten'> =>
    named === undefined ? {} : { rewritten: packTextsNow(rewriteTexts(texts, sources, named)) }
  if (from.kind === 'texts') {
    const texts = unpackTextsNow(from.texts)
    const prompt = parse(texts)
    return { prompt, container: 'texts', damage: [], c2pa: false, ...rewritten(texts, prompt) }
  }
  const source = from.kind === 'file' ? fdSource(from.fd, from.sizeBytes, head) : bytesSource(from.bytes)
  const prefixed = <T extends { readonly place: string }>(items: readonly T[]): readonly T[] =>
    placePrefix === '' ? items : items.map((item) => ({ ...item, place: placePrefix + item.place }))
  const metadata = readMetadata(source, limits)
  let texts = prefixed(metadata.texts)
  let prompt = parse(texts)
  let hidden: MediaMetadata | undefined
  if (prompt.sources.length === 0) {
    hidden = readHidden(source, limits)
    if (hidden !== undefined && hidden.texts.length > 0) {
      texts = [...texts, ...prefixed(hidden.texts)]
      prompt = parse(texts)
    }
  }
  const media = MEDIA.get(metadata.container)
  return {
    prompt,
    container: metadata.container,
    ...(media === undefined ? {} : { media }),
    damage: prefixed([...metadata.warnings, ...(hidden?.warnings ?? [])]),
    c2pa: metadata.c2pa === true,
    ...(keepTexts ? { texts: packTextsNow(texts) } : {}),
    ...rewritten(texts, prompt),
  }
}

/** Containers of what the ledger records. */
const MEDIA: ReadonlyMap<string, 'image' | 'video'> = new Map([
  ['png', 'image'],
  ['jpeg', 'image'],
  ['webp', 'image'],
  ['avif', 'image'],
  ['heic', 'image'],
  ['jxl', 'image'],
  ['gif', 'image'],
  ['svg', 'image'],
  ['mp4', 'video'],
  ['webm', 'video'],
])

/** With this much, what Pillow and its like write before the pixels is mostly there. */
const HEAD_BYTES = 24 * 1024
/** The beginning of the file that is read now: one after another, and nothing keeps its bytes. */
const head = new Uint8Array(HEAD_BYTES)
