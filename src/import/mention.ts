import { classifyHash, isEmptyHash } from '../hash/digest.ts'
import type { Candidate, CivitaiIds, DependencyType, HashAlgorithm, HashEvidence, ImportWarning } from './dependency.ts'
import { meansNoModel } from './model-name.ts'

/** One place of one source that speaks of a model; merge.ts makes dependencies of them. */
export interface Mention {
  readonly type: DependencyType
  /** A file's name as written: folders, extension and all. */
  readonly name?: string
  /** The file that is known to stand behind a display name. */
  readonly knownFile?: string
  /** The title of a model's page; unlike `name` no file is called so. */
  readonly title?: string
  readonly hashes?: readonly HashEvidence[]
  readonly civitai?: CivitaiIds
  readonly air?: string
  readonly urls?: readonly string[]
  /** Where it may come from, though nothing says that it does. */
  readonly candidates?: readonly Candidate[]
  readonly weight?: number
  /** On the main model and on its text encoder, where they are not `weight`: see strengths.ts. */
  readonly unetWeight?: number
  readonly clipWeight?: number
  /** False: it is there but switched off. Left out where the place does not say. */
  readonly active?: boolean
  readonly optional?: boolean
  /** Why no file is needed for it, as a sentence. */
  readonly skip?: string
  /** The type is guessed from words only. */
  readonly guessed?: boolean
  /** The folder of models that the source declares for it: `loras`, `diffusion_models/wan`. Never a path as it stands. */
  readonly folder?: string
  /** One of TRUST, where it differs from that of the source: a saver node inside an executed graph only claims. */
  readonly trust?: number
  /** Where it stands, the most telling place first: `infotext:Model`. */
  readonly evidence: readonly [string, ...string[]]
}

/** How far a source is to be trusted when several speak of one picture. */
export const TRUST = {
  /** The graph that was executed. */
  executed: 4,
  /** What the program that made the picture wrote itself. */
  native: 3,
  /** An editor's state, which may hold more than was executed. */
  editor: 2,
  /** Written by another program after the fact: it may name models that were not used. */
  claim: 1,
} as const

/** A mention whose trust, where it is left out, is `native`. */
export type TrustedMention = Mention

/** What one parse finds. Bounded, because a hostile text can name a model in every eight bytes. */
export interface Findings {
  readonly mentions: readonly Mention[]
  readonly warnings: readonly ImportWarning[]
  /** Names that mean "none" (`None`, `Automatic`, `Use same checkpoint`) are left out. */
  add(mention: Mention): void
  warn(place: string, reason: string): void
  /** A hash as evidence; what is none is told as a warning and left out, as is the hash of an empty file. */
  hash(text: unknown, source: string, known?: HashAlgorithm): readonly HashEvidence[]
}

const MAX_MENTIONS = 1000
const MAX_WARNINGS = 200

export function createFindings(): Findings {
  const mentions: Mention[] = []
  const warnings: ImportWarning[] = []
  let full = false
  const warn = (place: string, reason: string): void => {
    if (warnings.length < MAX_WARNINGS) warnings.push({ place, reason })
  }
  return {
    mentions,
    warnings,
    warn,
    add(mention) {
      if (mention.name !== undefined && meansNoModel(mention.name)) return
      if (mentions.length < MAX_MENTIONS) mentions.push(mention)
      else if (!full) {
        full = true
        warn(mention.evidence[0], `models after the first ${MAX_MENTIONS} are left out`)
      }
    },
    hash(text, source, known) {
      if (typeof text !== 'string' || text.trim() === '') return []
      const found = readHash(text, known)
      if (found !== undefined) return [{ ...found, source }]
      const empty = isEmptyHash(
        text
          .trim()
          .toLowerCase()
          .replace(/^(?:0x|sha256:)/, ''),
      )
      warn(source, empty ? 'this is the hash of an empty file and says nothing' : 'this is not a hash of a known kind')
      return []
    },
  }
}

/** `known`: what the field's own rules say, where the length alone would be read otherwise. */
function readHash(text: string, known?: HashAlgorithm): Omit<HashEvidence, 'source'> | undefined {
  const found = classifyHash(text)
  if (found === undefined) return undefined
  const { algorithm, value } = found
  const saysSha256 = /^\s*sha256:/i.test(text)
  if (algorithm === 'auto_v3' && (known === 'sha256_12' || saysSha256)) return { algorithm: 'sha256_12', value }
  const isFull = algorithm === 'sha256' && !saysSha256
  if (isFull && (known === 'tensor_sha256' || known === 'blake3')) return { algorithm: known, value }
  return { algorithm, value }
}
