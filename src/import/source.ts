import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { LocalFiles } from '../access/local-files.ts'
import { AppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { createId } from '../lib/id.ts'
import type { Trace } from '../lib/log.ts'
import { type ByteSource, bytesSource, openFileSource } from '../media/byte-source.ts'
import type { MetadataText } from '../media/container.ts'
import { SNIFF_BYTES, sniffMediaKind } from '../media/kind.ts'
import { readMetadata } from '../media/read-metadata.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { GuardedResponse } from '../net/response.ts'
import type { S3Reader } from '../net/s3.ts'
import type { Actor } from '../operation/permission.ts'
import { type ImportWarning, warningSchema } from './dependency.ts'

const textSchema = v.object({ place: v.string(), key: v.string(), text: v.string() })

/** Where an import reads from; stored with its job. */
export const sourceSchema = v.variant('kind', [
  v.object({ kind: v.literal('texts'), texts: v.array(textSchema), warnings: v.array(warningSchema) }),
  v.object({ kind: v.literal('path'), path: v.string() }),
  v.object({ kind: v.literal('url'), url: v.string() }),
])

export type ImportSource = v.InferOutput<typeof sourceSchema>

export interface SourceTexts {
  readonly texts: readonly MetadataText[]
  readonly warnings: readonly ImportWarning[]
  /** What the bytes are, where that is something the ledger records. */
  readonly media?: 'image' | 'video' | undefined
}

interface PathOnDisk {
  readonly path: string
  /** As of LocalFile. */
  readonly exact: boolean
}

export interface SourceReader {
  /**
   * The texts that a source carries.
   * @throws AppError not_found, forbidden, invalid_input (a path that may not be read), payload_too_large,
   * rate_limited, upstream_unavailable, disk_full, cancelled
   */
  read(source: ImportSource, actor: Actor, signal: AbortSignal, trace?: Trace): Promise<SourceTexts>
  /** Those of media that the caller may read: a file, or bytes that are held. */
  readMedia(media: PathOnDisk | { readonly bytes: Uint8Array }): Promise<SourceTexts>
}

export interface SourceReaderDeps {
  readonly localFiles: LocalFiles
  readonly fetch: GuardedFetch
  /** Hosts that this actor may have the server fetch from. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  readonly s3: S3Reader
  /** S3 buckets that this actor may have read. */
  readonly bucketsFor: (actor: Actor) => 'any' | readonly string[]
  /** For bodies that are being read. */
  readonly tempDir: string
}

/** A picture with its workflow is a few MiB; a video that carries one may be long. */
const MAX_URL_BYTES = 1024 ** 3

export function createSourceReader(deps: SourceReaderDeps): SourceReader {
  const { localFiles, tempDir } = deps

  async function readBytes(source: ByteSource): Promise<SourceTexts> {
    const { kind } = await sniffMediaKind(await source.read(0, SNIFF_BYTES))
    const { texts, warnings } = await readMetadata(source)
    return { texts, warnings, ...(kind === 'image' || kind === 'video' ? { media: kind } : {}) }
  }

  async function readFile({ path, exact }: PathOnDisk): Promise<SourceTexts> {
    const source = await openFileSource(path, { exact })
    try {
      return await readBytes(source)
    } finally {
      await source.close()
    }
  }

  async function openUrl(url: string, actor: Actor, signal: AbortSignal, trace: Trace): Promise<GuardedResponse> {
    if (/^s3:/i.test(url)) {
      return deps.s3.get({ url, signal, buckets: deps.bucketsFor(actor), maxBytes: MAX_URL_BYTES, trace })
    }
    const response = await deps.fetch({ url, signal, hosts: deps.hostsFor(actor), maxBytes: MAX_URL_BYTES, trace })
    if (response.status === 200) return response
    response.discard()
    throw new AppError('upstream_unavailable', `The address answered with status ${response.status}`, {
      hint: 'Check that the URL opens without a login',
    })
  }

  async function readUrl(url: string, actor: Actor, signal: AbortSignal, trace: Trace): Promise<SourceTexts> {
    const response = await openUrl(url, actor, signal, trace)
    const path = join(tempDir, createId('url'))
    try {
      await spool(response.body, path)
      return await readFile({ path, exact: false })
    } finally {
      response.discard()
      await rm(path, { force: true })
    }
  }

  return {
    readMedia: (media) => ('path' in media ? readFile(media) : readBytes(bytesSource(media.bytes))),
    async read(source, actor, signal, trace = {}) {
      if (source.kind === 'texts') return source
      if (source.kind === 'url') return readUrl(source.url, actor, signal, trace)
      return readFile(await localFiles.find(source.path, actor))
    },
  }
}

/** @throws AppError disk_full, and what reading `body` throws */
async function spool(body: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of body) await file.writeFile(chunk)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw orDiskFull('keep what the address sends', error)
  }
}
