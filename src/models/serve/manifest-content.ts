import { canonicalText, createPace } from './canonical.ts'
import type { ServeRule } from './exclude.ts'
import { createKin } from './kin.ts'
import { type ManifestModel, toManifestModel } from './manifest-entry.ts'
import type { ServedRow, ServedRows } from './served-rows.ts'

export interface ManifestItem {
  readonly model: ManifestModel
  /** RFC 8785. */
  readonly text: string
}

export interface ManifestContent {
  /** Every content that is served, once, in the order of the paths. */
  readonly items: readonly ManifestItem[]
  /** From when on it may be another without a change of the index: a licence's time is over. */
  readonly holdsUntil: number
}

/** Reads the index and lists what the rule lets out. Gives way to everything else between a few models. */
export async function listServed(rows: Pick<ServedRows, 'pages'>, rule: ServeRule): Promise<ManifestContent> {
  const pace = createPace()
  const copies = new Map<string, ServedRow[]>()
  for await (const page of rows.pages()) {
    for (const row of page) {
      const known = copies.get(row.sha256)
      if (known === undefined) copies.set(row.sha256, [row])
      else known.push(row)
    }
    const pause = pace()
    if (pause !== undefined) await pause
  }
  const items: ManifestItem[] = []
  let holdsUntil = Number.POSITIVE_INFINITY
  const kinOf = createKin(copies.values())
  for (const same of copies.values()) {
    const refusal = rule.whyNotServed(same, kinOf(same))
    const shown = same.find(rule.isServable)
    if (refusal === undefined && shown !== undefined) items.push(toItem(toManifestModel(shown)))
    if (refusal?.until !== undefined) holdsUntil = Math.min(holdsUntil, refusal.until)
    const pause = pace()
    if (pause !== undefined) await pause
  }
  return { items, holdsUntil }
}

export const toItem = (model: ManifestModel): ManifestItem => ({ model, text: canonicalText(toJson(model)) })

/** Interfaces have no index signature, which JsonObject asks for. */
const toJson = (model: ManifestModel) => model as unknown as Parameters<typeof canonicalText>[0]

export const listText = (items: readonly ManifestItem[]): string => `[${items.map(({ text }) => text).join(',')}]`
