import { open, rm } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import * as v from 'valibot'
import type { LocalFiles } from '../access/local-files.ts'
import type { FetchImage } from '../civitai/fetch-image.ts'
import { parseCivitaiLink } from '../civitai/links.ts'
import { AppError, isAppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { createId } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/log.ts'
import { openFile } from '../media/byte-source.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { GuardedResponse } from '../net/response.ts'
import type { S3Reader } from '../net/s3.ts'
import type { Actor } from '../operation/permission.ts'
import type { ComfyNodes } from './comfyui-nodes.ts'
import { warningSchema } from './dependency.ts'
import { packedTextSchema, unpackTexts } from './packed-text.ts'
import type { PromptReading, ReadRequest } from './read/messages.ts'
import type { PromptReader } from './read/reader.ts'
import { sidecarsOf } from './sidecars.ts'

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

interface PathOnDisk {
  readonly path: string
  /** As of LocalFile. */
  readonly exact: boolean
}

/** Bytes of media that the caller may read. */
export type ReadableMedia = PathOnDisk | { readonly bytes: Uint8Array }

export type ReadOptions = Pick<ReadRequest, 'format' | 'keepTexts'>

export interface ReadCall {
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly trace?: Trace
}

export interface SourceReader {
  /**
   * What a source holds; of a local file without a prompt, what the files beside it hold.
   * @throws AppError not_found, forbidden, invalid_input (a path that may not be read), payload_too_large,
   * rate_limited, upstream_unavailable, disk_full, cancelled
   */
  read(source: ImportSource, options: ReadOptions, call: ReadCall): Promise<PromptReading>
  /** The same of media that the caller may read: a file, or bytes that are held. */
  readMedia(media: ReadableMedia, options: ReadOptions): Promise<PromptReading>
}

export interface SourceReaderDeps {
  readonly reader: Pick<PromptReader, 'read' | 'useNodes'>
  /** The ComfyUI of this host, which knows what its nodes load. */
  readonly comfyNodes: ComfyNodes
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

interface FoundFile {
  readonly path: string
  readonly reading: PromptReading
}

/** A picture with its workflow is a few MiB; a video that carries one may be long. */
const MAX_URL_BYTES = 1024 ** 3

/** Addresses that say which model they are of: nobody wants its bytes read for that. */
const NAMES_A_MODEL =
  /^https?:\/\/(?:(?:www\.)?civitai\.(?:com|red|green|blue)\/(?:models|api\/download\/models)\/\d|(?:www\.)?huggingface\.co\/[^/]+\/[^/]+\/(?:resolve|blob)\/)/i

export function createSourceReader(deps: SourceReaderDeps): SourceReader {
  const { reader, localFiles, tempDir } = deps

  async function readFile({ path, exact }: PathOnDisk, options: Omit<ReadRequest, 'from'>): Promise<PromptReading> {
    if (!exact) return reader.read({ ...options, from: { kind: 'path', path } })
    const file = await openFile(path, { exact })
    try {
      return await reader.read({ ...options, from: { kind: 'file', fd: file.fd, sizeBytes: file.sizeBytes } })
    } finally {
      await file.close()
    }
  }

  const readText = (text: string, options: ReadOptions, place = 'payload'): Promise<PromptReading> =>
    reader.read({ ...options, from: { kind: 'texts', texts: [{ place, key: '', text }] } })

  /** The owner may name any file: a look at what it is only pays where it cannot be read. */
  async function readOwn(given: string, options: ReadOptions, actor: Actor): Promise<FoundFile> {
    if (actor.kind === 'owner' && isAbsolute(given)) {
      try {
        return { path: given, reading: await readFile({ path: given, exact: false }, options) }
      } catch (error) {
        if (!isAppError(error) || error.code === 'cancelled') throw error
      }
    }
    const { path, exact } = await localFiles.find(given, actor)
    return { path, reading: await readFile({ path, exact }, options) }
  }

  async function readPath(given: string, options: ReadOptions, { actor, signal }: ReadCall): Promise<PromptReading> {
    const { path, reading: own } = await readOwn(given, options, actor)
    if (own.prompt.sources.length > 0 || own.media === undefined) return own
    for (const { path: beside, label } of sidecarsOf(path)) {
      signal.throwIfAborted()
      const file = await localFiles.find(beside, actor).catch((error: unknown) => {
        if (isAppError(error) && error.code !== 'internal') return undefined
        throw error
      })
      if (file === undefined) continue
      const found = await readFile(file, { ...options, placePrefix: `${label}:` })
      // A caption for training has the same name, and is not a prompt with its models.
      if (found.prompt.sources.length === 0 || found.prompt.confidence < SURE_OF_SIDECAR) continue
      return { ...found, media: own.media, container: own.container, damage: [...own.damage, ...found.damage] }
    }
    return own
  }

  async function openUrl(url: string, { actor, signal, trace = {} }: ReadCall): Promise<GuardedResponse> {
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

  async function readBody(url: string, options: ReadOptions, call: ReadCall): Promise<PromptReading> {
    const response = await openUrl(url, call)
    const path = join(tempDir, createId('url'))
    try {
      await spool(response.body, path)
      return await readFile({ path, exact: false }, options)
    } finally {
      response.discard()
      await rm(path, { force: true })
    }
  }

  /** A page of Civitai shows what its API says of the image; where the author hides that, the file itself may tell. */
  async function readImagePage(imageId: string, options: ReadOptions, call: ReadCall): Promise<PromptReading> {
    const { signal, trace } = call
    const token = await deps.civitaiToken(call.actor)
    const image = await deps.fetchImage(imageId, { signal, trace, token })
    if (image === undefined) {
      throw new AppError('not_found', `Civitai shows no image ${imageId}`, {
        hint: 'It may be deleted, or need a login: set CIVITAI_TOKEN',
      })
    }
    const read = await readText(JSON.stringify(withoutFeed(image)), options, 'civitai:image')
    const { url } = image
    if (read.prompt.sources.length > 0 && hasMeta(image)) return read
    return typeof url === 'string' ? readBody(url, options, call) : read
  }

  async function readUrl(url: string, options: ReadOptions, call: ReadCall): Promise<PromptReading> {
    const imageId = parseCivitaiLink(url, 'image')
    if (imageId !== undefined) return readImagePage(imageId, options, call)
    return NAMES_A_MODEL.test(url) ? readText(url, options, 'url') : readBody(url, options, call)
  }

  async function readSource(source: ImportSource, options: ReadOptions, call: ReadCall): Promise<PromptReading> {
    if (source.kind === 'path') return readPath(source.path, options, call)
    if (source.kind === 'url') return readUrl(source.url, options, call)
    const { warnings: damage, c2pa = false } = source
    const texts = await unpackTexts(source.texts)
    return { ...(await reader.read({ ...options, from: { kind: 'texts', texts } })), damage, c2pa }
  }

  return {
    readMedia: (media, options) =>
      'path' in media
        ? readFile(media, options)
        : reader.read({ ...options, from: { kind: 'bytes', bytes: media.bytes } }),
    async read(source, options, call) {
      reader.useNodes(await deps.comfyNodes.get(call.signal))
      const reading = await readSource(source, options, call)
      const warning = deps.comfyNodes.warning()
      // Without the nodes of a graph more is guessed: whoever reads no graph need not care.
      if (warning === undefined || !reading.prompt.sources.some(({ format }) => format === 'comfyui')) return reading
      return { ...reading, prompt: { ...reading.prompt, warnings: [...reading.prompt.warnings, warning] } }
    },
  }
}

const SURE_OF_SIDECAR = 0.6

const hasMeta = ({ meta }: JsonObject): boolean => meta !== null && meta !== undefined

/** Reactions and names of people say nothing of how an image was made. */
const withoutFeed = ({ stats: _stats, username: _username, ...image }: JsonObject): JsonObject => image

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
