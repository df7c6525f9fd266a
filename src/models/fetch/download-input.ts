import * as v from 'valibot'
import { publicUrl } from '../../lib/public-url.ts'
import type { Actor } from '../../operation/permission.ts'
import { MODEL_TYPES } from '../model-file.ts'
import type { DownloadOrder } from './downloads.ts'
import { type Offer, offerSchema, type SourceRef, type WantedModel, wantedModelSchema } from './wanted.ts'

export const PLACES = ['remote', 'civitai', 'huggingface'] as const

/** What a download needs to know. No key, header or signed address: those are asked for anew in each run. */
export const downloadInputSchema = v.object({
  /** Found already; empty where `wanted` is to be looked for first. */
  offers: v.array(offerSchema),
  wanted: v.exactOptional(wantedModelSchema),
  prefer: v.exactOptional(v.array(v.picklist(PLACES))),
  place: v.object({
    type: v.picklist(MODEL_TYPES),
    name: v.exactOptional(v.string()),
    folder: v.exactOptional(v.string()),
    home: v.exactOptional(v.union([v.string(), v.array(v.string())])),
    /** Nothing but a file of that name at that place will do: one that is elsewhere gets a second name there. */
    exact: v.exactOptional(v.boolean()),
  }),
  max_size_bytes: v.exactOptional(v.number()),
  /** Name it as civitdl does where nobody wants another name, whatever the setting says. */
  civitdl_names: v.exactOptional(v.boolean()),
  /** One of these must be its licence, beside what the settings say. */
  licenses: v.exactOptional(v.array(v.string())),
})

export type DownloadInput = v.InferOutput<typeof downloadInputSchema>

export function orderInput({ offers, place, maxSizeBytes }: DownloadOrder): DownloadInput {
  const { type, name, folder, home } = place
  return {
    offers: offers.map(withoutSecrets),
    place: {
      type,
      ...(name === undefined ? {} : { name }),
      ...(folder === undefined ? {} : { folder }),
      ...(home === undefined ? {} : { home: typeof home === 'string' ? home : [...home] }),
    },
    ...(maxSizeBytes === undefined ? {} : { max_size_bytes: maxSizeBytes }),
  }
}

/** Links are copied with the keys that open them; a job is kept, and shown to others. */
function withoutSecrets(offer: Offer): Offer {
  return offer.ref.kind === 'url' ? { ...offer, ref: { ...offer.ref, url: publicUrl(offer.ref.url) } } : offer
}

/** Who orders: each looks after its own jobs, and ends them. */
export type OrderedBy = 'import' | 'request'

/**
 * Whoever asks again for the same gets the same job. Others have jobs of their own for the same bytes, as other terms,
 * keys and limits count for them; of those jobs one fetches.
 */
export function downloadKey(input: DownloadInput, actor: Pick<Actor, 'kind' | 'name'>, by: OrderedBy): string {
  const { max_size_bytes: size = null, licenses = null } = input
  const namedBy = input.offers.flatMap(({ ref }) => (ref.kind === 'url' ? [ref.named_by ?? null] : []))
  return `${contentKey(input)} ${JSON.stringify([by, actor.kind, actor.name, size, licenses, ...new Set(namedBy)])}`
}

function contentKey({ offers, wanted }: DownloadInput): string {
  const [content] = turnsOf(offers)
  return content ?? (wanted === undefined ? 'nothing' : wantedKey(wanted))
}

/** What tells these bytes from others: their digests, else where they come from. */
export function turnsOf(offers: readonly Offer[]): readonly string[] {
  const contents = contentsOf(offers)
  const [first] = offers
  return contents.length > 0 || first === undefined ? contents : [sourceId(first.ref)]
}

/** Digests under which the same bytes may be asked for. */
export function contentsOf(offers: readonly Pick<Offer, 'sha256' | 'tensor_sha256'>[]): readonly string[] {
  const whole = offers.flatMap(({ sha256 }) => (sha256 === undefined ? [] : [`sha256:${sha256}`]))
  const tensors = offers.flatMap(({ tensor_sha256: tensor }) => (tensor === undefined ? [] : [`tensor:${tensor}`]))
  return [...new Set([...whole, ...tensors])]
}

function wantedKey({ hashes, civitai, huggingface, urls, names }: WantedModel): string {
  const hash = (algorithm: string): string | undefined => hashes.find((each) => each.algorithm === algorithm)?.value
  const [whole, tensor] = [hash('sha256'), hash('tensor_sha256')]
  if (whole !== undefined) return `sha256:${whole}`
  if (tensor !== undefined) return `tensor:${tensor}`
  // An address may tell which of its files is meant.
  if (civitai?.version_id !== undefined && urls.length === 0) {
    return sourceId({
      kind: 'civitai',
      version_id: civitai.version_id,
      ...(civitai.file_id === undefined ? {} : { file_id: civitai.file_id }),
    })
  }
  if (huggingface?.path !== undefined) {
    return sourceId({ kind: 'huggingface', ...huggingface, path: huggingface.path })
  }
  return JSON.stringify({ hashes, civitai, huggingface, urls, names })
}

/** The same after a restart, and without secrets. */
export function sourceId(ref: SourceRef): string {
  switch (ref.kind) {
    case 'node':
      return `node:${ref.node}/${ref.hash}`
    case 'civitai':
      return `civitai:${ref.version_id}${civitaiFile(ref)}`
    case 'huggingface':
      return `huggingface:${ref.repo}@${ref.revision}/${ref.path}`
    case 'url':
      return `url:${publicUrl(ref.url)}`
  }
}

const civitaiFile = ({ file_id: id, file_type: type }: Extract<SourceRef, { kind: 'civitai' }>): string => {
  if (id !== undefined) return `/${id}`
  return type === undefined ? '' : `?type=${type}`
}
