import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
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

const FAST = { level: 1 }
const pack = promisify<string, { level: number }, Buffer>(gzip)
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

/** Texts that are packed already stay so. */
export const packTexts = (texts: readonly PackedText[]): Promise<PackedText[]> =>
  Promise.all(
    texts.map(async (packed) => {
      const { place, key, text } = packed
      if (text === undefined || text.length < LONG) return packed
      return { place, key, gzip: (await pack(text, FAST)).toString('base64') }
    }),
  )

/** @throws AppError internal where what was kept is damaged */
export const unpackTexts = (texts: readonly PackedText[]): Promise<MetadataText[]> =>
  Promise.all(
    texts.map(async ({ place, key, text, gzip: packed }) => {
      if (packed === undefined) return { place, key, text: text ?? '' }
      const bytes = await unpack(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_BYTES }).catch(
        (cause: unknown) => {
          throw new AppError('internal', 'The text that the job keeps cannot be read', { cause })
        },
      )
      return { place, key, text: bytes.toString('utf8') }
    }),
  )
