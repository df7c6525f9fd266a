import type { JsonObject } from '../../../lib/json.ts'
import type { Findings, Mention } from '../../mention.ts'
import { infotext } from '../infotext.ts'
import { entriesOf } from '../json.ts'

const KEY = /^\w[\w \-/]{0,80}$/
/** Read elsewhere, or no parameters at all. */
const OTHER = new Set(['prompt', 'negativePrompt', 'comfy', 'workflow', 'extra', 'steps', 'Steps'])

/**
 * What Civitai did not give a field of its own stands in `meta` under the key that it has in an infotext
 * (`Hires upscaler`, `ADetailer model`, `Lora hashes`, `Module 1`), so it is read as the line of one.
 */
export function mentionsInKeys(meta: JsonObject, warn: Findings['warn']): Mention[] {
  const pairs = entriesOf(meta).flatMap(([key, value]) => {
    if (OTHER.has(key) || !KEY.test(key)) return []
    if (key === 'hashes') return [`Hashes: ${JSON.stringify(value)}`]
    return typeof value === 'string' || typeof value === 'number' ? [`${key}: ${quoted(String(value))}`] : []
  })
  const text = ['Steps: 1', ...pairs].join(', ')
  const parsed = infotext.parse({ place: '', key: 'parameters', text, json: () => undefined }, {})
  for (const { place, reason } of parsed.warnings) warn(placeIn(place), reason)
  return parsed.mentions.map((mention) => {
    const [first, ...others] = mention.evidence
    const hashes = mention.hashes?.map((hash) => ({ ...hash, source: placeIn(hash.source) }))
    return {
      ...mention,
      ...(hashes === undefined ? {} : { hashes }),
      evidence: [placeIn(first), ...others.map(placeIn)],
    }
  })
}

/** As A1111 writes a value: quoted where it would be taken for more than one. */
const quoted = (value: string): string => (/[,:\n"]/.test(value) ? JSON.stringify(value) : value)

const placeIn = (place: string): string =>
  place.replace(/^infotext:Hashes$/, 'civitai:meta.hashes').replace(/^infotext:/, 'civitai:meta.')
