import type { SwarmModel } from './swarm-source.ts'

/** SwarmUI's "sha256" is that of the tensors. */
export const swarmHash = ({ tensorSha256 }: Pick<SwarmModel, 'tensorSha256'>): string | null =>
  tensorSha256 === null ? null : `0x${tensorSha256}`

/**
 * Where the bytes of a model are. By the tensor digest where that leads to them and nothing else; else by the name, which
 * is one segment of the path, whatever is in it.
 */
export function downloadUrl(subtype: string, model: SwarmModel): string {
  const hash = model.isKnownByTensors ? swarmHash(model) : null
  return `/DownloadModel/${[subtype, hash ?? model.name, model.filename].map(encodeURIComponent).join('/')}`
}

/** An entry of GetModelManifest; `file_sha256`, the digest of the whole file, is our own. */
export function toManifestEntry(subtype: string, model: SwarmModel): object {
  const metadata = {
    author: model.author,
    license: model.license,
    date: model.date,
    usage_hint: model.usageHint,
    trigger_phrase: model.triggerPhrase,
    tags: model.tags.length === 0 ? undefined : model.tags,
  }
  return {
    name: model.name,
    title: model.title,
    filename: model.filename,
    size: model.sizeBytes,
    sha256: swarmHash(model),
    file_sha256: model.sha256,
    architecture: model.architecture ?? 'unknown',
    description: model.description,
    standard_width: model.standardWidth,
    standard_height: model.standardHeight,
    download_url: downloadUrl(subtype, model),
    ...(Object.values(metadata).every((value) => value === undefined) ? {} : { metadata }),
  }
}

/** A model of ListModels and DescribeModel, as far as it can be said without a UI that loads it. */
export function toModelObject(model: SwarmModel): object {
  return {
    name: model.name,
    title: model.title,
    author: model.author ?? null,
    description: model.description,
    preview_image: null,
    loaded: false,
    architecture: model.architecture ?? null,
    class: null,
    compat_class: null,
    resolution: `${model.standardWidth}x${model.standardHeight}`,
    standard_width: model.standardWidth,
    standard_height: model.standardHeight,
    license: model.license ?? null,
    date: model.date ?? null,
    usage_hint: model.usageHint ?? null,
    trigger_phrase: model.triggerPhrase ?? null,
    merged_from: null,
    tags: model.tags,
    is_supported_model_format: /\.(?:safetensors|sft|engine|gguf)$/i.test(model.filename),
    is_negative_embedding: false,
    local: true,
    time_created: 0,
    time_modified: model.modifiedMs,
    hash: swarmHash(model) ?? '',
    hash_sha256: swarmHash(model) ?? '',
    special_format: '',
  }
}
