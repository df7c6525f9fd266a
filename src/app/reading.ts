import type { LocalFiles } from '../access/local-files.ts'
import { createFetchImage } from '../civitai/fetch-image.ts'
import type { Settings } from '../config/settings.ts'
import { createComfyNodes } from '../import/comfyui-nodes.ts'
import { createPromptReader, type PromptReader } from '../import/read/reader.ts'
import { createSourceReader, type SourceReader } from '../import/source.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { CORES } from '../models/model-library.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { S3Reader } from '../net/s3.ts'
import type { Actor } from '../operation/permission.ts'

export interface ReadingDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly fetch: GuardedFetch
  readonly s3: S3Reader
  readonly localFiles: LocalFiles
  readonly civitaiToken: (actor: Actor) => Promise<string | undefined>
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  readonly bucketsFor: (actor: Actor) => 'any' | readonly string[]
  readonly tempDir: string
}

/** What reads prompts, wherever they are. */
export interface Reading {
  readonly reader: PromptReader
  readonly sources: SourceReader
}

/** A bomb takes memory in every thread that reads one. */
const MOST_THREADS = 8

export function createReading({ settings, clock, log, fetch, ...deps }: ReadingDeps): Reading {
  const reader = createPromptReader({
    size: Math.min(CORES, MOST_THREADS),
    limits: { textBytes: settings.metadata_text_limit, totalBytes: settings.metadata_limit },
  })
  const comfyNodes = createComfyNodes({ fetch, url: settings.comfy_url, log, clock, parse: reader.readObjectInfo })
  const fetchImage = createFetchImage({ fetch, log, baseUrl: settings.civitai_url })
  return { reader, sources: createSourceReader({ ...deps, reader, comfyNodes, fetchImage, fetch }) }
}
