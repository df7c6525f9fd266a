import * as v from 'valibot'
import type { RefusalReason } from '../../net/file-source.ts'
import { MODEL_TYPES } from '../model-file.ts'

/** Kinds of hash that name a model. */
export const WANTED_ALGORITHMS = [
  'sha256',
  'tensor_sha256',
  'blake3',
  'sha256_12',
  'auto_v1',
  'auto_v2',
  'auto_v3',
  'crc32',
] as const

/** Who named an address: whatever the local owner names may be fetched; a token is held to the hosts that are allowed. */
const namedBySchema = v.picklist(['owner', 'token'])

export type NamedBy = v.InferOutput<typeof namedBySchema>

/** What somebody needs. Only digests prove anything; a bare name downloads only by a rule of its own. */
export const wantedModelSchema = v.object({
  type: v.picklist(MODEL_TYPES),
  /** Lower-case hex. */
  hashes: v.array(v.object({ algorithm: v.picklist(WANTED_ALGORITHMS), value: v.string() })),
  civitai: v.exactOptional(
    v.object({
      model_id: v.exactOptional(v.number()),
      version_id: v.exactOptional(v.number()),
      file_id: v.exactOptional(v.number()),
    }),
  ),
  huggingface: v.exactOptional(v.object({ repo: v.string(), revision: v.string(), path: v.exactOptional(v.string()) })),
  /** As sources write them, folders included; never paths. */
  names: v.array(v.string()),
  /** Addresses that the workflow declares for this very file, or that the caller names. */
  urls: v.array(v.string()),
  /** The caller itself names the addresses (not a prompt): licences do not bind the local owner there. */
  urls_by_caller: v.boolean(),
  /** Who that caller is, where it is not the one in whose name the model is fetched. */
  named_by: v.exactOptional(namedBySchema),
  /** Model folder that the source declares. */
  folder: v.exactOptional(v.string()),
  /** What has another size is not it. */
  size_bytes: v.exactOptional(v.number()),
  /** Somebody chose what this node lists under the very name: nobody else is asked. */
  node: v.exactOptional(v.string()),
})

export type WantedModel = v.InferOutput<typeof wantedModelSchema>

/** Where bytes come from, as a job stores it: everything needed to open the source again after a restart. */
export const sourceRefSchema = v.variant('kind', [
  v.object({
    kind: v.literal('node'),
    node: v.string(),
    /** SHA-256 of the file; with a subtype what SwarmUI calls it by: `0x` and its tensor digest, or its name. */
    hash: v.string(),
    filename: v.string(),
    subtype: v.exactOptional(v.string()),
    /** Its name at a SwarmUI: some cannot find every model by its digest. */
    name: v.exactOptional(v.string()),
  }),
  v.object({
    kind: v.literal('civitai'),
    version_id: v.number(),
    file_id: v.exactOptional(v.number()),
    /** Civitai's word (`VAE`): what comes along from another version is found by it alone. */
    file_type: v.exactOptional(v.string()),
    /** Its SHA-256 is known, so that another file of the version would be noticed. */
    verifiable: v.exactOptional(v.boolean()),
  }),
  v.object({ kind: v.literal('huggingface'), repo: v.string(), revision: v.string(), path: v.string() }),
  v.object({
    kind: v.literal('url'),
    url: v.string(),
    by_caller: v.boolean(),
    named_by: v.exactOptional(namedBySchema),
  }),
])

export type SourceRef = v.InferOutput<typeof sourceRefSchema>

/** What decides whether a file may be downloaded; null or left out: not known, which is no permission. */
export const policyFactsSchema = v.object({
  /** Civitai's flags: `Image`, `RentCivit`, `Rent`, `Sell`; empty: none. */
  commercial_use: v.exactOptional(v.nullable(v.array(v.string()))),
  base_model: v.exactOptional(v.nullable(v.string())),
  /** SPDX id or the name that a repository gives: `apache-2.0`, `flux-1-dev-non-commercial-license`. */
  license: v.exactOptional(v.nullable(v.string())),
  /** Hugging Face: terms have to be accepted there. */
  gated: v.exactOptional(v.picklist(['auto', 'manual'])),
  /** Civitai: only for those who paid, or until then (ISO 8601). */
  paid_access: v.exactOptional(v.object({ permanent: v.boolean(), ends_at: v.nullable(v.string()) })),
  /** Civitai: `Archived`, `TakenDown`, `Private` … */
  availability: v.exactOptional(v.nullable(v.string())),
  /** Civitai: downloads are only for its own generator. */
  usage: v.exactOptional(v.nullable(v.string())),
  /** `Pending`, `Success`, `Danger`, `Error`. */
  pickle_scan: v.exactOptional(v.nullable(v.string())),
  virus_scan: v.exactOptional(v.nullable(v.string())),
})

export type PolicyFacts = v.InferOutput<typeof policyFactsSchema>

/** A file that can be had, somewhere. */
export const offerSchema = v.object({
  /** As the contract's `resolved_source`. */
  source: v.picklist(['remote', 'civitai', 'huggingface', 'url']),
  node: v.exactOptional(v.string()),
  ref: sourceRefSchema,
  /** A stranger's word: made safe before it becomes a name. */
  filename: v.string(),
  /** What its source says that it is: where nobody else says so, it decides the folder. */
  type: v.exactOptional(v.picklist(MODEL_TYPES)),
  size_bytes: v.exactOptional(v.number()),
  /** In place of `size_bytes` where the source rounds it: it is that, give or take 1 KiB. */
  about_bytes: v.exactOptional(v.number()),
  sha256: v.exactOptional(v.string()),
  tensor_sha256: v.exactOptional(v.string()),
  /** The digest is what was asked for: no word of the source takes its place. */
  digest_wanted: v.exactOptional(v.boolean()),
  /** By what it was found: `sha256`, `auto_v3`, `civitai_version`, `huggingface`, `known_file`, `declared_url`, `name`. */
  matched_by: v.string(),
  civitai: v.exactOptional(
    v.object({ model_id: v.number(), version_id: v.number(), file_id: v.exactOptional(v.number()) }),
  ),
  air: v.exactOptional(v.string()),
  /** Title of the model's page. */
  title: v.exactOptional(v.string()),
  trained_words: v.exactOptional(v.array(v.string())),
  facts: policyFactsSchema,
})

export type Offer = v.InferOutput<typeof offerSchema>

/** One step of looking for a model, for people to read: `{"step":"civitai","result":"not found by auto_v3"}`. */
export const searchStepSchema = v.object({
  step: v.picklist(['local', 'nodes', 'known_files', 'declared_url', 'civitai', 'huggingface']),
  result: v.string(),
  /** It could not be asked: nothing follows from not finding it there. */
  failed: v.exactOptional(v.boolean()),
})

export type SearchStep = v.InferOutput<typeof searchStepSchema>

export interface OfferCandidate {
  readonly air?: string
  readonly url?: string
  /** Of the whole file. */
  readonly sha256?: string
  /** Where only that is known. */
  readonly tensor_sha256?: string
  /** Where nothing is known of its bytes: the node that lists it under the name. */
  readonly node?: string
  readonly name?: string
  readonly size_bytes?: number
  readonly why: string
}

/** What looking for one model upstream gave. */
export interface Search {
  /** All of one file where a digest is known: those may be fetched together. The first decides name and policy. */
  readonly offers: readonly Offer[]
  /** For a person to choose among: what a bare name alone would find. */
  readonly candidates: readonly OfferCandidate[]
  /** It exists, but cannot be had: what would have to change. */
  readonly refusal?: {
    readonly reason: RefusalReason
    readonly message: string
    readonly hint?: string
    readonly until?: number
  }
  /** What lies at the named place has another digest than the wanted one: a sentence. */
  readonly contradiction?: string
  /** An upstream could not be asked: nothing follows from not finding it. */
  readonly failure?: { readonly message: string; readonly retryable: boolean }
  readonly steps: readonly SearchStep[]
}
