import { gunzipSync, gzipSync } from 'node:zlib'
import { AppError } from '../errors.ts'
import type { MetadataText } from '../media/container.ts'
import { damaged, FAST, isLong, MAX_BYTES, type PackedText } from './packed-text.ts'

/** Of all texts of one job, packed: far more than anybody's prompts and workflows. */
const MAX_KEPT_CHARACTERS = 32 * 2 ** 20

/**
 * Texts as a job keeps them, packed as `packTexts` does, for threads that nothing else waits for.
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

/** What they were, for such threads as well. @throws AppError internal where what was kept is damaged */
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
