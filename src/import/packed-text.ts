import { promisify } from 'node:util'
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { MetadataText } from '../media/container.ts'

/**
 * A text as a job keeps it. A workflow of megabytes would hold the event loop up while it is put into the database and
 * taken out of it again, so that long ones are packed, by threads of their own, to about a tenth.
 */
export const packedTextSchema = v.object({
  place: v.string(),
  key: v.string(),
  text: v.exactOptional(v.string()),
  /** Base64 of the gzipped UTF-8. */
  gzip: v.exactOptional(v.string()),
})

export type PackedText = v.InferOutput<typeof packedTextSchema>

const LONG = 128 * 1024
/** More than any text that comes in: what is longer was not packed here. */
const MAX_BYTES = 1024 ** 3

/** Of all texts of one job, packed: far more than anybody's prompts and workflows. */
const MAX_KEPT_CHARACTERS = 32 * 2 ** 20

const FAST = { level: 1 }
const pack = promisify<string, { level: number }, Buffer>(gzip)
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

const isLong = (text: string | undefined): text is string => text !== undefined && text.length >= LONG

/** Texts that are packed already stay so. */
export const packTexts = (texts: readonly PackedText[]): Promise<PackedText[]> =>
  Promise.all(
    texts.map(async (packed) => {
      const { place, key, text } = packed
      return isLong(text) ? { place, key, gzip: (await pack(text, FAST)).toString('base64') } : packed
    }),
  )

/**
 * The same for threads that nothing else waits for.
 * @throws AppError payload_too_large
 */
export function packTextsNow(texts: readonly MetadataText[]): PackedText[] {
  let left = MAX_KEPT_CHARACTERS
  return texts.map((each) => {
    const { place, key, text } = each
    const packed: PackedText = isLong(text) ? { place, key, gzip: gzipSync(text, FAST).toString('base64') } : each
    left -= (packed.gzip ?? text).length
    if (left >= 0) return packed
    throw new AppError('payload_too_large', 'The texts inside the file are more than a job can keep', {
      hint: 'A dry run reads them all the same',
    })
  })
}

/** For such threads as well. @throws AppError internal where what was kept is damaged */
export const unpackTextsNow = (texts: readonly PackedText[]): MetadataText[] =>
  texts.map(({ place, key, text, gzip: packed }) => {
    if (packed === undefined) return { place, key, text: text ?? '' }
    try {
      const bytes = gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_BYTES })
      return { place, key, text: bytes.toString('utf8') }
    } catch (cause) {
      throw damaged(cause)
    }
  })

/** One of them, for whoever answers with it. @throws AppError internal where what was kept is damaged */
export async function unpackText({ text, gzip: packed }: PackedText): Promise<string> {
  if (packed === undefined) return text ?? ''
  try {
    return (await unpack(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_BYTES })).toString('utf8')
  } catch (cause) {
    throw damaged(cause)
  }
}

const damaged = (cause: unknown): AppError =>
  new AppError('internal', 'The text that the job keeps cannot be read', { cause })
