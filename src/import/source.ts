import * as v from 'valibot'
import type { LocalFiles } from '../access/local-files.ts'
import type { FetchImage } from '../civitai/fetch-image.ts'
import type { Trace } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { S3Reader } from '../net/s3.ts'
import type { Actor } from '../operation/permission.ts'
import { warningSchema } from './dependency.ts'
import { packedTextSchema } from './packed-text.ts'
import type { PromptReading, ReadRequest } from './read/messages.ts'
import { createFileReader, type PathOnDisk } from './read-file.ts'
import { createReadUnderstood, type UnderstandingDeps } from './read-understood.ts'
import { createUrlReader } from './read-url.ts'

/** Where an import reads from; stored with its job. */
export const sourceSchema = v.variant('kind', [
  v.object({
    kind: v.literal('texts'),
    texts: v.array(packedTextSchema),
    warnings: v.array(warningSchema),
    c2pa: v.optional(v.boolean()),
  }),
  v.object({ kind: v.literal('path'), path: v.string() }),
  v.object({ kind: v.literal('url'), url: v.string() }),
])

export type ImportSource = v.InferOutput<typeof sourceSchema>

/** Bytes of media that the caller may read. */
export type ReadableMedia = PathOnDisk | { readonly bytes: Uint8Array }

export type ReadOptions = Pick<ReadRequest, 'format' | 'keepTexts' | 'named'>

export interface ReadCall {
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly trace?: Trace
}

export interface SourceReading extends PromptReading {
  /** Where the media of a page on Civitai are, and that page. */
  readonly media_url?: string
  readonly civitai_url?: string
}

export interface SourceReader {
  /**
   * What a source holds; of a local file without a prompt, what the files beside it hold.
   * @throws AppError not_found, forbidden, invalid_input (a path that may not be read), payload_too_large,
   * rate_limited, upstream_unavailable, disk_full, cancelled
   */
  read(source: ImportSource, options: ReadOptions, call: ReadCall): Promise<SourceReading>
  /** The same of media that the caller may read: a file, or bytes that are held. */
  readMedia(media: ReadableMedia, options: ReadOptions, signal: AbortSignal): Promise<PromptReading>
}

export interface SourceReaderDeps extends UnderstandingDeps {
  readonly localFiles: LocalFiles
  readonly fetch: GuardedFetch
  /** Hosts that this actor may have the server fetch from. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  readonly s3: S3Reader
  /** S3 buckets that this actor may have read. */
  readonly bucketsFor: (actor: Actor) => 'any' | readonly string[]
  readonly fetchImage: FetchImage
  readonly civitaiToken: (actor: Actor) => Promise<string | undefined>
  /** For bodies that are being read. */
  readonly tempDir: string
}

export function createSourceReader(deps: SourceReaderDeps): SourceReader {
  const read = createReadUnderstood(deps)
  const { readFile, readPath } = createFileReader(read, deps.localFiles)
  const readUrl = createUrlReader(deps, read, readFile)
  return {
    async readMedia(media, options, signal) {
      if ('path' in media) return readFile(media, options, signal)
      return read({ ...options, from: { kind: 'bytes', bytes: media.bytes } }, signal)
    },
    async read(source, options, call) {
      if (source.kind === 'path') return readPath(source.path, options, call)
      if (source.kind === 'url') return readUrl(source.url, options, call)
      const { texts, warnings: damage, c2pa = false } = source
      return { ...(await read({ ...options, from: { kind: 'texts', texts } }, call.signal)), damage, c2pa }
    },
  }
}
