import type { SentError } from '../../lib/sent-error.ts'
import type { MediaWarning, MetadataLimits } from '../../media/container.ts'
import type { PackedText } from '../packed-text.ts'
import type { NodeCatalogData } from '../parse/comfyui/object-info.ts'
import type { ParsedPrompt } from '../parse/detect.ts'
import type { NamedHere } from '../rewrite/local-names.ts'

/**
 * Where a thread reads from: a file that it opens itself, or one that is open already and stays so until it has answered
 * (for callers who may name some files only: what was checked is what is read).
 */
export type ReadFrom =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'file'; readonly fd: number; readonly sizeBytes: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'texts'; readonly texts: readonly PackedText[] }

export interface ReadRequest {
  readonly from: ReadFrom
  /** `auto`, or a format to read it as. */
  readonly format: string
  /** Put before the places of its texts: `sidecar .txt:`. */
  readonly placePrefix?: string | undefined
  /** Give the texts back as well, packed for whoever stores them. @default false */
  readonly keepTexts?: boolean | undefined
  /** Give them back with the names that their models have on this host. */
  readonly named?: readonly NamedHere[] | undefined
}

/** What a file, or the texts of one, hold. */
export interface PromptReading {
  readonly prompt: ParsedPrompt
  /** The container's name, `unknown` where no kind is known, `texts` where texts were given. */
  readonly container: string
  readonly media?: 'image' | 'video'
  /** What was wrong with the file itself. */
  readonly damage: readonly MediaWarning[]
  /** It carries a C2PA manifest. */
  readonly c2pa: boolean
  readonly texts?: readonly PackedText[]
  /** Those in which a name changed, the one that tells most first, packed. */
  readonly rewritten?: readonly PackedText[]
}

export type ReadOutcome = { readonly reading: PromptReading } | { readonly error: SentError }

export interface ReadBatch {
  readonly requests: readonly ReadRequest[]
  readonly limits: MetadataLimits
}

/** What the thread that reads prompts can be asked. */
export type ReadCalls = {
  /**
   * Answers in the order of the requests. One that fails takes no other along. The answer is the JSON of a list of
   * ReadOutcome: that crosses threads in a third of the time of the objects themselves.
   */
  readonly read: { readonly input: ReadBatch; readonly output: string }
  /** From now on texts are read with these nodes of a ComfyUI, or with none. */
  readonly useNodes: { readonly input: NodeCatalogData | undefined; readonly output: null }
  /** Makes the answer of ComfyUI's /object_info short. */
  readonly readObjectInfo: { readonly input: string; readonly output: NodeCatalogData }
}
