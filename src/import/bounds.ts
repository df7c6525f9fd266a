import { publicUrl } from '../lib/public-url.ts'
import type { ImportWarning } from './dependency.ts'
import type { Generation } from './generation.ts'
import type { Mention } from './mention.ts'

/**
 * How much of what texts say is kept. It is stored with a job, sent with its events and listed with fifty others, and a
 * text of megabytes can be the name of one model.
 */

/** Each source has its own limit below this. */
const MAX_MENTIONS = 2000
/** Names of 5,000 characters are odd, not hostile; each mention says its name in up to four ways. */
const MAX_MENTION_CHARACTERS = 20_000
const MAX_CHARACTERS = 2_000_000

export interface BoundedMentions {
  readonly kept: readonly Mention[]
  readonly warnings: readonly ImportWarning[]
}

/** Keeps the first ones, without those that are longer than anything that names a model, and as others may see them. */
export function boundMentions(mentions: readonly Mention[]): BoundedMentions {
  if (mentions.length <= MAX_MENTIONS && JSON.stringify(mentions).length <= MAX_MENTION_CHARACTERS) {
    return { kept: mentions.map(withPublicUrls), warnings: [] } // all together are shorter than one may be
  }
  const kept: Mention[] = []
  const warnings: ImportWarning[] = []
  let left = MAX_CHARACTERS
  for (const mention of mentions) {
    const length = JSON.stringify(mention).length
    if (length > MAX_MENTION_CHARACTERS) {
      warnings.push({ place: mention.evidence[0], reason: 'it is longer than anything that names a model' })
      continue
    }
    left -= length
    if (left < 0 || kept.length === MAX_MENTIONS) {
      warnings.push({ place: 'file', reason: `models after the first ${kept.length} are left out` })
      break
    }
    kept.push(withPublicUrls(mention))
  }
  return { kept, warnings: boundWarnings(warnings) }
}

function withPublicUrls(mention: Mention): Mention {
  const { air, urls, candidates } = mention
  if (air === undefined && urls === undefined && candidates === undefined) return mention
  return {
    ...mention,
    ...(air === undefined ? {} : { air: publicUrl(air) }),
    ...(urls === undefined ? {} : { urls: urls.map(publicUrl) }),
    ...(candidates === undefined
      ? {}
      : {
          candidates: candidates.map((each) => (each.url === undefined ? each : { ...each, url: publicUrl(each.url) })),
        }),
  }
}

const MAX_WARNINGS = 1000

export function boundWarnings(warnings: readonly ImportWarning[]): ImportWarning[] {
  if (warnings.length <= MAX_WARNINGS) return [...warnings]
  const left = { place: 'file', reason: `warnings after the first ${MAX_WARNINGS - 1} are left out` }
  return [...warnings.slice(0, MAX_WARNINGS - 1), left]
}

/** As much as the ledger takes of a prompt; of everything else far less is real. */
const MAX_TEXT_CHARACTERS = { prompt: 1_000_000, negative_prompt: 1_000_000 } as Readonly<Record<string, number>>
const MAX_FIELD_CHARACTERS = 1000

/** Without texts that are longer than any that somebody made a picture with. */
export function boundGeneration(generation: Generation): { generation: Generation; warnings: ImportWarning[] } {
  const kept: Generation = { ...generation }
  const warnings: ImportWarning[] = []
  for (const field of ['prompt', 'negative_prompt', 'sampler', 'scheduler', 'software', 'version'] as const) {
    const most = MAX_TEXT_CHARACTERS[field] ?? MAX_FIELD_CHARACTERS
    if ((kept[field] ?? '').length <= most) continue
    delete kept[field]
    warnings.push({ place: field, reason: `it is left out: it has more than ${most} characters` })
  }
  return { generation: kept, warnings }
}
