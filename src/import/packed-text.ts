import { promisify } from 'node:util'
import * as v from 'valibot'
import { AppError } from '../errors.ts'

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
export const MAX_BYTES = 1024 ** 3

export const FAST = { level: 1 }
const pack = async (text: string): Promise<Buffer> => {
  const { gzip } = await import('node:zlib')
  return promisify<string, { level: number }, Buffer>(gzip)(text, FAST)
}
const unpack = async (bytes: Buffer): Promise<Buffer> => {
  const { gunzip } = await import('node:zlib')
  return promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)(bytes, { maxOutputLength: MAX_BYTES })
}

export const isLong = (text: string | undefined): text is string => text !== undefined && text.length >= LONG

/** Texts that are packed already stay so. */
export const packTexts = (texts: readonly PackedText[]): Promise<PackedText[]> =>
  Promise.all(
    texts.map(async (packed) => {
      const { place, key, text } = packed
      return isLong(text) ? { place, key, gzip: (await pack(text)).toString('base64') } : packed
    }),
  )

/** One of them, for whoever answers with it. @throws AppError internal where what was kept is damaged */
export async function unpackText({ text, gzip: packed }: PackedText): Promise<string> {
  if (packed === undefined) return text ?? ''
  try {
    return (await unpack(Buffer.from(packed, 'base64'))).toString('utf8')
  } catch (cause) {
    throw damaged(cause)
  }
}

export const damaged = (cause: unknown): AppError =>
  new AppError('internal', 'The text that the job keeps cannot be read', { cause })
