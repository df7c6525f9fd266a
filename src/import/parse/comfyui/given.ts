import type { JsonValue } from '../../../lib/json.ts'
import type { EditorNode } from './editor-node.ts'
import type { Sheet } from './sheet.ts'

/** Values that the box of a subgraph or group gives to what is inside; they count, not those inside. */
export interface Given {
  /** By the number of the inlet, for what is wired to it. */
  readonly inlets: Map<number, JsonValue>
  /** By node and name of the widget, for widgets that the box shows without a link. */
  readonly widgets: Map<string, Map<string, JsonValue>>
}

/** Where a value of the box goes. */
export type Target =
  | { readonly kind: 'inlet'; readonly at: number }
  | { readonly kind: 'widget'; readonly key: string; readonly name: string }
  | { readonly kind: 'gone' }

export const createGiven = (): Given => ({ inlets: new Map(), widgets: new Map() })

/** null is a gap in the list: the value inside stays. */
export function give({ inlets, widgets }: Given, target: Target, value: JsonValue): void {
  if (value === null || target.kind === 'gone') return
  if (target.kind === 'inlet') {
    inlets.set(target.at, value)
    return
  }
  const held = widgets.get(target.key)
  if (held === undefined) widgets.set(target.key, new Map([[target.name, value]]))
  else held.set(target.name, value)
}

/** Links of one inlet that are looked at for a widget. */
const MOST_LINKS = 20

/** The widget inside that a target means. */
export function widgetBehind(target: Target, sheet: Sheet): { node: EditorNode; name: string } | undefined {
  if (target.kind === 'gone') return undefined
  if (target.kind === 'widget') {
    const node = sheet.nodes.get(target.key)
    return node === undefined ? undefined : { node, name: target.name }
  }
  for (const id of sheet.inlets[target.at]?.links.slice(0, MOST_LINKS) ?? []) {
    const end = sheet.ends.get(id)
    if (end?.slot.widget !== undefined) return { node: end.node, name: end.slot.widget }
  }
  return undefined
}
