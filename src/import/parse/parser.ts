import type { MetadataText } from '../../media/container.ts'
import type { ImportWarning } from '../dependency.ts'
import type { Generation } from '../generation.ts'
import type { Mention } from '../mention.ts'

/** One text to be understood. */
export interface ParserInput extends MetadataText {
  /** The text as JSON, parsed once for all parsers; undefined where it is none. */
  json(): unknown
}

export interface ParsedSource {
  readonly format: string
  /** One of TRUST. */
  readonly trust: number
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
  readonly format: string
  /** 0 (not mine) to 1 (certain). Cheap: it is asked for every text. */
  detect(input: ParserInput): number
  parse(input: ParserInput): ParsedSource
}
