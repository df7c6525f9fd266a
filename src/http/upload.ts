import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { createId } from '../lib/id.ts'
import type { StringFields } from '../operation/coerce.ts'
import type { Upload } from '../operation/operation.ts'
import { readChunks, tooLarge } from './body.ts'
import { addField } from './input.ts'
import { boundaryOf, readParts } from './multipart.ts'

/** Multipart bodies, files included. */
const UPLOAD_LIMIT_BYTES = 64 * 2 ** 30

export interface UploadOptions {
  readonly uploadsDir: string
  /** Name of the part that is the file. */
  readonly field: string
  /** Limit of the plain fields together. */
  readonly fieldsLimitBytes: number
  /** How long the sender may be silent. */
  readonly silenceMs?: number | undefined
}

export interface ReceivedForm {
  readonly fields: StringFields
  readonly upload: Upload | undefined
  /** Removes the file, unless somebody moved it. */
  discard(): Promise<void>
}

/**
 * Reads a multipart body, its file straight to disk under a name of our own.
 * @throws AppError invalid_input, payload_too_large, disk_full, cancelled; nothing is left on disk then
 */
export async function receiveForm(request: Request, options: UploadOptions): Promise<ReceivedForm> {
  const boundary = boundaryOf(request.headers.get('content-type') ?? '')
  const fields: Record<string, string | string[]> = Object.create(null)
  const path = join(options.uploadsDir, createId('upload'))
  const discard = (): Promise<void> => rm(path, { force: true })
  let upload: Upload | undefined
  let left = options.fieldsLimitBytes
  try {
    for await (const part of readParts(readChunks(request, UPLOAD_LIMIT_BYTES, options.silenceMs), boundary)) {
      if (part.name === options.field) {
        if (upload !== undefined) throw refuse(part.name, `${part.name} may be given once`)
        const sizeBytes = await store(part.bytes, path, options.uploadsDir)
        upload = { path, filename: toLabel(part.filename), sizeBytes }
      } else if (part.filename !== undefined) {
        throw refuse(options.field, `A file must come as the field ${options.field}`)
      } else {
        const bytes = await collect(part.bytes, left, options.fieldsLimitBytes)
        left -= bytes.byteLength
        addField(fields, part.name, toText(bytes, part.name))
      }
    }
  } catch (error) {
    await discard()
    throw error
  }
  return { fields, upload, discard }
}

async function store(bytes: AsyncIterable<Uint8Array>, path: string, dir: string): Promise<number> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const handle = await open(path, 'wx', 0o600)
    try {
      let sizeBytes = 0
      for await (const chunk of bytes) sizeBytes += await writeAll(handle, chunk, sizeBytes)
      return sizeBytes
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw orDiskFull('store the uploaded file', error)
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<number> {
  for (let at = 0; at < chunk.byteLength; ) {
    at += (await handle.write(chunk, at, chunk.byteLength - at, position + at)).bytesWritten
  }
  return chunk.byteLength
}

async function collect(bytes: AsyncIterable<Uint8Array>, left: number, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    length += chunk.byteLength
    if (length > left) throw tooLarge(limit)
    // A copy: the chunk is a window on a much larger buffer.
    chunks.push(Uint8Array.from(chunk))
  }
  return Buffer.concat(chunks)
}

function toText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refuse(name, `${name} must be UTF-8 text`, cause)
  }
}

/** The last segment, without control characters: it is shown and may end in a file's name, made safe again there. */
function toLabel(filename: string | undefined): string {
  const last = (filename ?? '').split(/[/\\]/).at(-1) ?? ''
  const clean = last
    .replace(/\p{Cc}/gu, '')
    .toWellFormed()
    .slice(0, 255)
  return clean === '' || clean === '.' || clean === '..' ? 'upload' : clean
}

function refuse(path: string, expected: string, cause?: unknown): AppError {
  return new AppError('invalid_input', expected, { errors: [{ path, expected }], cause })
}
