import type { JsonObject } from '../lib/json.ts'
import type { Call } from '../operation/operation.ts'
import { type FindDigests, type LinkedModel, linkModels } from './media-models.ts'
import type { ReadableMedia, SourceReader } from './source.ts'

/** What a media file's own metadata say of its making, as the ledger keeps it. */
export interface MediaRecord {
  readonly models: readonly LinkedModel[]
  readonly prompt?: { readonly text: string; readonly metadata: JsonObject | null }
}

export interface MediaRecordDeps {
  readonly sources: SourceReader
  readonly findDigests: FindDigests
}

/** Reads it for whoever records the media; a local file may have its prompt in a file beside it. */
export function createMediaRecordReader({ sources, findDigests }: MediaRecordDeps) {
  return async (media: ReadableMedia, call: Call): Promise<MediaRecord> => {
    const { actor, signal } = call
    // What was fetched lies in a folder of ours, where nothing is beside it and nobody else may read.
    const isTheirs = 'path' in media && (media.exact || actor.kind === 'owner')
    const { prompt: found } = isTheirs
      ? await sources.read({ kind: 'path', path: media.path }, AUTO, { actor, signal })
      : await sources.readMedia(media, AUTO, signal)
    const models = await linkModels(found.dependencies, findDigests)
    const { prompt: text, ...rest } = found.generation
    if (text === undefined) return { models }
    const metadata = Object.keys(rest).length === 0 ? null : (rest as JsonObject)
    return { models, prompt: { text, metadata } }
  }
}

const AUTO = { format: 'auto' } as const
