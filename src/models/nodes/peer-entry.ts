import { parseAir } from '../../air/air.ts'
import type { Sha256, TensorSha256 } from '../../hash/digest.ts'
import { MODEL_TYPES, type ModelType } from '../model-file.ts'
import type { ReceivedModel } from '../serve/verify-manifest.ts'

/** A model that a node has. Every text is a stranger's. */
export interface PeerEntry {
  /** As the node lists it: folders too, where it shows them. */
  readonly name: string
  readonly filename: string
  /** Its AIR, where the node says that Civitai knows it. */
  readonly key?: string | undefined
  /** What it may be. */
  readonly types: readonly ModelType[]
  readonly sizeBytes: number | undefined
  readonly sha256: Sha256 | undefined
  readonly tensorSha256: TensorSha256 | undefined
  readonly civitai?: { readonly model_id: number; readonly version_id: number } | undefined
  readonly license: string | undefined
  readonly title?: string | undefined
  /** How it is fetched; undefined: the node tells that it has it, and hands nothing out. */
  readonly ref: PeerFileRef | undefined
}

/** What of a source reference is the file's and not the node's. */
export interface PeerFileRef {
  readonly hash: string
  readonly filename: string
  readonly subtype?: string
  readonly name?: string
}

export function fromManifest(model: ReceivedModel): PeerEntry {
  const { filename, sha256, model_key: key } = model
  const ids = model.civitai
  return {
    name: filename,
    filename,
    key: key.startsWith('urn:air:') ? key : undefined,
    types: [MODEL_TYPES.find((type) => type === model.type) ?? 'other'],
    sizeBytes: model.size,
    sha256: sha256 as Sha256,
    tensorSha256: model.tensor_sha256 as TensorSha256 | undefined,
    civitai: ids?.modelId && ids.versionId ? { model_id: ids.modelId, version_id: ids.versionId } : civitaiPair(key),
    license: ids?.license ?? undefined,
    ref: { hash: sha256, filename },
  }
}

/** The model and version at Civitai that an AIR names. */
function civitaiPair(air: string): PeerEntry['civitai'] {
  const parsed = parseAir(air)
  const [modelId, versionId] = [Number(parsed?.id), Number(parsed?.version)]
  return parsed?.source === 'civitai' && isId(modelId) && isId(versionId)
    ? { model_id: modelId, version_id: versionId }
    : undefined
}

const isId = (value: number): boolean => Number.isSafeInteger(value) && value > 0
