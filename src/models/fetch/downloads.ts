import type { Trace } from '../../lib/log.ts'
import type { FileSource, RefusalReason } from '../../net/file-source.ts'
import type { Actor } from '../../operation/permission.ts'
import type { ModelType } from '../model-file.ts'
import type { Offer, Search, SourceRef, WantedModel } from './wanted.ts'

/** In whose name, and for how long. */
export interface FetchCall {
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
}

export interface SearchOptions extends FetchCall {
  /** Where to look, in this order; everywhere in the usual order where it is left out. */
  readonly prefer?: readonly ('remote' | 'civitai' | 'huggingface')[] | undefined
}

/** Looks for a model wherever it may be had: nodes, well-known files, declared addresses, Civitai, Hugging Face. */
export type FindOffers = (wanted: WantedModel, options: SearchOptions) => Promise<Search>

/** A source as a job stores it, opened again. @throws AppError not_found: the node is gone; conflict: a sealed key */
export type OpenSource = (ref: SourceRef, call: FetchCall) => Promise<FileSource>

/** Where a download goes and what it is to be called. */
export interface WantedPlace {
  readonly type: ModelType
  /** As the prompt writes it, folders included (`style/foo.safetensors`); never a path. */
  readonly name?: string | undefined
  /** Model folder that the prompt declares, or that the caller names. */
  readonly folder?: string | undefined
  /**
   * Absolute: home of the UI that it is for, where that is not the one of this host's settings; or folders of models that
   * go before those of this host, the one that counts first.
   */
  readonly home?: string | readonly string[] | undefined
}

export interface DownloadOrder {
  /** All of one file; the first decides the name where the place has none. */
  readonly offers: readonly Offer[]
  readonly place: WantedPlace
  readonly actor: Actor
  readonly maxSizeBytes?: number | undefined
  /** The job that waits for it. */
  readonly wantedBy?: string | undefined
  /** It is asked for anew: one that is paused goes on. */
  readonly goesOn?: boolean | undefined
}

export interface LeaveOptions {
  /** Downloads that it wants still. */
  readonly keep?: readonly string[] | undefined
  /** Those that it is known to have ordered, in an earlier process too. */
  readonly known?: readonly string[] | undefined
}

export interface FollowDownload {
  readonly signal: AbortSignal
  readonly onState?: (state: DownloadState) => void
  /** A pause is no end: it goes on some day, or never. */
  readonly waitsWhilePaused?: boolean
}

/** How a download ended. */
export type DownloadOutcome =
  | {
      readonly status: 'completed'
      /** Absolute path as listed below its root. */
      readonly path: string
      /** As a UI lists it: `style/foo.safetensors`. */
      readonly name: string
      readonly sha256: string
      readonly sizeBytes: number
      /** `local`: it was here already, and nothing was fetched. */
      readonly source: Offer['source'] | 'local'
      readonly node?: string
    }
  | {
      readonly status: 'blocked'
      readonly reasonCode: RefusalReason
      readonly reason: string
      readonly until?: number
    }
  | { readonly status: 'failed' | 'cancelled' | 'paused'; readonly reason: string }

export interface DownloadState {
  /** `paused`: told only to those who wait for it to go on. */
  readonly status: 'waiting' | 'downloading' | 'verifying' | 'paused'
  readonly bytesDone: number
  readonly bytesTotal: number | undefined
}

/**
 * Downloads of model files: each is a job of its own, one for each content and caller. Of those for one content one
 * fetches, and the others wait for it.
 */
export interface Downloads {
  /**
   * Decides before a byte moves, and writes the decision to the audit log.
   * @returns the offers that may be fetched, the best first; or why none may
   */
  decide(
    offers: readonly Offer[],
    options: FetchCall & { readonly type: ModelType; readonly maxSizeBytes?: number | undefined },
  ): Promise<
    | { readonly allowed: readonly Offer[] }
    | { readonly reasonCode: RefusalReason; readonly reason: string; readonly until?: number | undefined }
  >
  /** Starts the job, or joins the one that fetches the same content for the same caller already. */
  order(order: DownloadOrder): Promise<{ readonly jobId: string }>
  /** A job that goes on wants what it ordered in an earlier process, until it leaves. */
  wants(by: string, jobIds: readonly string[]): void
  /** A job does without what it has ordered: of that ends what no other waits for. */
  leave(by: string, options?: LeaveOptions): Promise<void>
  /** Waits for its end. @throws the signal's reason */
  follow(jobId: string, options: FollowDownload): Promise<DownloadOutcome>
}
