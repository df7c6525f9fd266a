import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CivitaiImage, parseImage } from '../civitai/image.ts'
import { parseCivitaiLink, toCivitaiLink } from '../civitai/links.ts'
import { AppError, isAppError } from '../errors.ts'
import { orDiskFull } from '../lib/disk-error.ts'
import { createId } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import type { GuardedResponse } from '../net/response.ts'
import type { PackedText } from './packed-text.ts'
import type { ReadRequest } from './read/messages.ts'
import type { FileReader } from './read-file.ts'
import type { ReadUnderstood } from './read-understood.ts'
import type { ReadCall, ReadOptions, SourceReaderDeps, SourceReading } from './source.ts'

/** A picture with its workflow is a few MiB; a video that carries one may be long. */
const MAX_URL_BYTES = 1024 ** 3

/** Addresses that say which model they are of: nobody wants its bytes read for that. */
const NAMES_A_MODEL =
  /^https?:\/\/(?:(?:www\.)?civitai\.(?:com|red|green|blue)\/(?:models|api\/download\/models)\/\d|(?:www\.)?huggingface\.co\/[^/]+\/[^/]+\/(?:resolve|blob)\/)/i

export type UrlReaderDeps = Pick<
  SourceReaderDeps,
  'fetch' | 'hostsFor' | 's3' | 'bucketsFor' | 'fetchImage' | 'civitaiToken' | 'tempDir'
>

/** Reads what an address names: media, a page of Civitai, a model. */
export function createUrlReader(deps: UrlReaderDeps, read: ReadUnderstood, readFile: FileReader['readFile']) {
  const readTexts = (texts: readonly PackedText[], options: ReadOptions, { signal }: ReadCall) =>
    read({ ...options, from: { kind: 'texts', texts } }, signal)

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

  async function readBody(url: string, options: Omit<ReadRequest, 'from'>, call: ReadCall): Promise<SourceReading> {
    const response = await openUrl(url, call)
    const path = join(deps.tempDir, createId('url'))
    try {
      await spool(response.body, path)
      return await readFile({ path, exact: false }, options, call.signal)
    } finally {
      response.discard()
      await rm(path, { force: true })
    }
  }

  /** A page of Civitai shows what its API says of the image; where the author hides that, the file itself may tell. */
  async function readImagePage(imageId: string, options: ReadOptions, call: ReadCall): Promise<SourceReading> {
    const { signal, trace } = call
    const token = await deps.civitaiToken(call.actor)
    const found = await deps.fetchImage(imageId, { signal, trace, token })
    if (found === undefined) {
      throw new AppError('not_found', `Civitai shows no image ${imageId}`, {
        hint: 'It may be deleted, or need a login: set CIVITAI_TOKEN',
      })
    }
    const page = { place: 'civitai:image', key: '', text: JSON.stringify(withoutFeed(found)) }
    const told = await readTexts([page], options, call)
    const image = parseImage(found)
    const origin = image === undefined ? {} : originOf(image)
    const isTold = told.prompt.sources.length > 0
    if (image === undefined || (isTold && image.meta !== null)) return { ...told, ...origin }
    const own = await readBody(image.url, { ...options, keepTexts: true }, call).catch((error: unknown) => {
      // The versions of the models are told even where nothing else is.
      if (isTold && isAppError(error) && error.code !== 'cancelled') return undefined
      throw error
    })
    if (own === undefined) return { ...told, ...origin }
    const { texts = [], ...rest } = own
    const both = own.prompt.sources.length === 0 ? told : await readTexts([page, ...texts], options, call)
    return { ...rest, ...origin, prompt: both.prompt }
  }

  return async (url: string, options: ReadOptions, call: ReadCall): Promise<SourceReading> => {
    const imageId = parseCivitaiLink(url, 'image')
    if (imageId !== undefined) return readImagePage(imageId, options, call)
    return NAMES_A_MODEL.test(url)
      ? readTexts([{ place: 'url', key: '', text: url }], options, call)
      : readBody(url, options, call)
  }
}

/** Where the media of a page are, for whoever records them. */
function originOf({ id, url, type }: CivitaiImage): Pick<SourceReading, 'media' | 'media_url' | 'civitai_url'> {
  return type === 'image' || type === 'video'
    ? { media: type, media_url: url, civitai_url: toCivitaiLink('image', id) }
    : {}
}

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
