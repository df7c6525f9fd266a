import { type Air, parseAir } from '../air/air.ts'
import { findAirs } from '../air/find-airs.ts'
import { airKey } from './air-key.ts'
import { type FrontMatter, fieldsOf } from './front-matter.ts'

/** What the AIR field of a page holds. */
export interface PageAir {
  /** `slug`: a word that is no AIR. `broken`: begins as an AIR and is none. */
  readonly kind: 'none' | 'air' | 'slug' | 'broken'
  /** As written, the first of several. */
  readonly text?: string
  /** All of them, each once. */
  readonly airs: readonly Air[]
}

const PREFIX = /^(?:urn:)?air:/i

/** The AIR that front matter gives, under `AIR` or `air`. */
export function readPageAir(front: FrontMatter): PageAir {
  const texts = fieldsOf(front, 'air').flatMap(({ values }) => values.map(({ text }) => text.trim()))
  const given = texts.filter((text) => text !== '')
  const airs = new Map<string, { readonly air: Air; readonly text: string }>()
  for (const text of given) {
    const whole = parseAir(text)
    const found = whole === undefined ? findAirs(text) : [{ air: whole, text }]
    for (const each of found) if (!airs.has(airKey(each.air))) airs.set(airKey(each.air), each)
  }
  const [first] = airs.values()
  if (first !== undefined) {
    return { kind: 'air', text: first.text, airs: [...airs.values()].map(({ air }) => air) }
  }
  const [text] = given
  if (text === undefined) return { kind: 'none', airs: [] }
  return { kind: PREFIX.test(text) ? 'broken' : 'slug', text, airs: [] }
}
