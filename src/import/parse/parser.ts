import type { UnknownNodes } from '../claims.ts'
import type { ImportWarning } from '../dependency.ts'
import type { Generation } from '../generation.ts'
import type { Mention } from '../mention.ts'
import type { NodeCatalog } from './comfyui/node-catalog.ts'
import type { Format } from './format-names.ts'

/** One text to be understood, after unwrap.ts has taken its wrappings off. */
export interface ParserInput {
  /** Where it stands: `png:tEXt:parameters`. */
  readonly place: string
  /** The name the container files it under, or the field of a wrapping JSON: `parameters`, `prompt`, `workflow`. */
  readonly key: string
  /** Empty where the input is a part of another's JSON: then only `json()` has it. */
  readonly text: string
  /** The text as JSON, parsed once for all parsers; undefined where it is none. */
  json(): unknown
}

/** What a parser may know beside the text. */
export interface ParseContext {
  /** The nodes of a ComfyUI that was asked for them; undefined where there is none. */
  readonly comfyNodes?: NodeCatalog | undefined
}

export interface ParsedSource {
  readonly format: string
  /** One of TRUST. */
  readonly trust: number
  /** Of an executed graph: it can load no model but those that are mentioned. */
  readonly isWhole?: boolean
  /** Of an executed graph: what is known of the nodes that may load others. */
  readonly unknown?: UnknownNodes
  readonly mentions: readonly Mention[]
  readonly generation: Generation
  readonly warnings: readonly ImportWarning[]
}

/**
 * Understands one way of writing. A new one is a file of its own and a row in formats.ts; two may share a
 * format's name. Neither function throws, whatever the text is.
 */
export interface PromptParser {
  /** As `format` names it: `a1111`, `comfyui`, `swarmui`. */
  readonly format: Format
  /** JSON has one of these fields if `detect` says more than 0 of it, and what is no JSON is not its own. */
  readonly fields?: readonly string[]
  /** 0 (not mine) to 1 (certain). Cheap: it is asked for every text, but for those that `fields` rule out. */
  detect(input: ParserInput): number
  parse(input: ParserInput, context: ParseContext): ParsedSource
}
