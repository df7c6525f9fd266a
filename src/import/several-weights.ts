import type { ImportWarning } from './dependency.ts'
import { type Mention, TRUST } from './mention.ts'
import { strengthsInWords } from './strengths.ts'

/**
 * The mentions by which a model is loaded more than once, and not each time with the same weight: nodes of one graph, or
 * entries of one list or prompt. None where that is not so: sources that only tell one weight differently are no uses.
 */
export function severalWeights(mentions: readonly Mention[]): ReadonlySet<Mention> {
  if (mentions.length < 2) return NONE
  const first = mostTrusted(mentions.filter(isUse))
  if (first === undefined) return NONE
  const uses = mentions.filter((mention) => isUse(mention) && isBeside(first, mention))
  const weights = strengthsInWords(first)
  return uses.some((use) => strengthsInWords(use) !== weights) ? new Set(uses) : NONE
}

const NONE: ReadonlySet<Mention> = new Set()

const trustOf = ({ trust = TRUST.native }: Mention): number => trust

const isUse = ({ active, weight }: Mention): boolean => active === true && weight !== undefined

/** What stands beside the nodes of a graph tells their weights once more. */
const isNode = ({ evidence: [place] }: Mention): boolean => /^(?:comfyui|invokeai):\w{1,20} node /.test(place)

const mostTrusted = (uses: readonly Mention[]): Mention | undefined =>
  uses.reduce<Mention | undefined>(
    (most, each) => (most === undefined || trustOf(each) > trustOf(most) ? each : most),
    undefined,
  )

/** Each node of a graph has a place of its own; elsewhere only what stands in one place is a list of uses. */
function isBeside(a: Mention, b: Mention): boolean {
  if (trustOf(a) !== trustOf(b)) return false
  return (isNode(a) && isNode(b)) || a.evidence[0] === b.evidence[0]
}

/** The places of a mention; where a model has several weights, the first says which one it has there. */
export function withWeight(mention: Mention): string[] {
  const [place, ...others] = mention.evidence
  return [`${place} (weight ${strengthsInWords(mention)})`, ...others]
}

const MOST_NAMED = 4

/** A dependency has one weight: that there are others must not be lost. */
export function warnOfWeights(mentions: readonly Mention[]): ImportWarning[] {
  const uses = [...severalWeights(mentions)]
  const weights = [...new Set(uses.map(strengthsInWords))]
  const second = uses.find((use) => strengthsInWords(use) !== weights[0])
  if (second === undefined) return []
  const named = weights.slice(0, MOST_NAMED)
  const last = weights.length > MOST_NAMED ? 'others' : named.pop()
  const reason = `it is used with several weights, ${named.join(', ')} and ${last}: the first one counts as its weight`
  return [{ place: second.evidence[0], reason }]
}
