import { randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { AppError } from '../errors.ts'

/** A value as a query or a form holds it. */
export const fieldText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * Fields and one file as `multipart/form-data`, read while it is sent.
 * @throws AppError not_found, forbidden, invalid_input (no regular file)
 */
export async function multipartBody(
  fields: Readonly<Record<string, unknown>>,
  file: { readonly name: string; readonly path: string },
): Promise<{ headers: Record<string, string>; body: AsyncIterable<Uint8Array> }> {
  const found = await stat(file.path).catch(() => undefined)
  if (found === undefined) throw new AppError('not_found', `Cannot send ${file.path}: there is no such file`)
  if (!found.isFile()) throw new AppError('invalid_input', `Cannot send ${file.path}: it is not a regular file`)
  await access(file.path, constants.R_OK).catch((cause: unknown) => {
    throw new AppError('forbidden', `Cannot send ${file.path}: permission denied`, { cause })
  })
  const boundary = `airkeep-${randomUUID()}`
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: encode(boundary, fields, file),
  }
}

/** The fields first: the server may decide by them before the file has come. */
async function* encode(
  boundary: string,
  fields: Readonly<Record<string, unknown>>,
  file: { readonly name: string; readonly path: string },
): AsyncIterable<Uint8Array> {
  const head = (name: string, more = ''): string =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${escapeName(name)}"${more}\r\n`
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) yield bytes(`${head(name)}\r\n${fieldText(item)}\r\n`)
  }
  const filename = `; filename="${escapeName(basename(file.path))}"\r\ncontent-type: application/octet-stream`
  yield bytes(`${head(file.name, filename)}\r\n`)
  yield* createReadStream(file.path, { highWaterMark: 256 * 1024 })
  yield bytes(`\r\n--${boundary}--\r\n`)
}

/** As browsers write names in a multipart body. */
const escapeName = (name: string): string => name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
