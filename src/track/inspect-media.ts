import { AppError } from '../errors.ts'
import { sniffMediaKind } from '../media/kind.ts'
import { type Call, traceOf } from '../operation/operation.ts'
import { type AssetModel, toAssetModels } from './asset-models.ts'
import type { Asset } from './asset-row.ts'
import type { TrackDeps } from './deps.ts'
import { toRecordable } from './extracted-prompt.ts'
import type { ExtractedPrompt, MediaContent } from './media-record.ts'
import type { MediaReader } from './media-source.ts'

/** What a media file's own metadata say, as the ledger keeps it. */
interface Extracted {
  readonly models: readonly AssetModel[]
  readonly prompt?: ExtractedPrompt | undefined
}

export interface InspectedMedia extends Extracted {
  readonly sha256sum: string
  readonly sizeBytes: number
  readonly mimeType: string | null
}

export interface InspectOptions {
  readonly type: Asset['asset_type']
  /** Read what the media's own metadata say. */
  readonly extract: boolean
}

export type InspectMedia = (assetUrl: string, options: InspectOptions, call: Call) => Promise<InspectedMedia>

export interface InspectDeps extends Pick<TrackDeps, 'log' | 'readMediaRecord'> {
  readonly media: MediaReader
}

/**
 * Digest, kind and generation data of the media at an address. The bytes decide what it is, never its name, and what is not of
 * the wanted type is refused as soon as its first bytes are there.
 */
export function createMediaInspector({ media, log, readMediaRecord }: InspectDeps): InspectMedia {
  /** Odd metadata must not keep the media from being recorded. */
  async function extractFrom(content: MediaContent, call: Call): Promise<Extracted> {
    try {
      const { models, prompt } = (await readMediaRecord?.(content, call)) ?? { models: [] }
      return { models: toAssetModels(models), prompt: prompt === undefined ? undefined : toRecordable(prompt) }
    } catch (error) {
      log.warn({ ...traceOf(call), err: error }, 'could not read the metadata of a media file')
      return { models: [] }
    }
  }

  return async (assetUrl, { type, extract }, call) => {
    let mimeType: string | null = null
    let extracted: Extracted = { models: [] }
    const onContent = async (content: MediaContent): Promise<void> => {
      extracted = await extractFrom(content, call)
    }
    const read = await media.read(assetUrl, call, {
      field: 'asset_url',
      async onHead(head) {
        const found = await sniffMediaKind(head)
        if (found.kind !== type) throw notOfType(type, found.kind, found.description)
        mimeType = found.mime ?? null
      },
      onContent: extract && readMediaRecord !== undefined ? onContent : undefined,
    })
    return { ...read, mimeType, ...extracted }
  }
}

function notOfType(type: Asset['asset_type'], kind: string, description: string): AppError {
  const expected = `asset_url must be ${type === 'image' ? 'an image' : 'a video'}, as asset_type says, but it is ${description}`
  return new AppError('invalid_input', expected, {
    errors: [{ path: 'asset_url', expected }],
    hint:
      kind === 'image' || kind === 'video'
        ? `Set asset_type to ${kind}`
        : 'Give the address of the media itself, not of a page that shows it',
  })
}
