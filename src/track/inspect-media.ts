import { AppError } from '../errors.ts'
import { sniffMediaKind } from '../media/kind.ts'
import { type Call, traceOf } from '../operation/operation.ts'
import { type AssetModel, toAssetModels } from './asset-models.ts'
import type { Asset } from './asset-row.ts'
import type { TrackDeps } from './deps.ts'
import type { MediaReader } from './media-source.ts'

export interface InspectedMedia {
  readonly sha256sum: string
  readonly sizeBytes: number
  readonly mimeType: string | null
  readonly models: readonly AssetModel[]
}

export interface InspectOptions {
  readonly type: Asset['asset_type']
  /** Read the models that the media's own metadata name. */
  readonly extract: boolean
}

export type InspectMedia = (assetUrl: string, options: InspectOptions, call: Call) => Promise<InspectedMedia>

/** A fetched file up to this size is held in memory to read its metadata; of a larger one only the digest is taken. */
const MAX_HELD_BYTES = 16 * 2 ** 20

export interface InspectDeps extends Pick<TrackDeps, 'log' | 'readMediaModels'> {
  readonly media: MediaReader
}

/**
 * Digest, kind and models of the media at an address. The bytes decide what it is, never its name, and what is not of
 * the wanted type is refused as soon as its first bytes are there.
 */
export function createMediaInspector({ media, log, readMediaModels }: InspectDeps): InspectMedia {
  return async (assetUrl, { type, extract }, call) => {
    let mimeType: string | null = null
    const read = await media.read(assetUrl, call, {
      field: 'asset_url',
      async onHead(head) {
        const found = await sniffMediaKind(head)
        if (found.kind !== type) throw notOfType(type, found.kind, found.description)
        mimeType = found.mime ?? null
      },
      keepBytes: extract && readMediaModels !== undefined ? MAX_HELD_BYTES : 0,
    })
    const { sha256sum, sizeBytes, content } = read
    if (!extract || readMediaModels === undefined || content === undefined) {
      return { sha256sum, sizeBytes, mimeType, models: [] }
    }
    try {
      return { sha256sum, sizeBytes, mimeType, models: toAssetModels(await readMediaModels(content, call)) }
    } catch (error) {
      // Odd metadata must not keep the media from being recorded.
      log.warn({ ...traceOf(call), err: error }, 'could not read the models of a media file')
      return { sha256sum, sizeBytes, mimeType, models: [] }
    }
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
