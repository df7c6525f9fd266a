import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { entriesOf, fieldOf, textOf } from '../json.ts'
import { type Aligned, align, CONTROL, filesIn, type Named, type Placed } from './align-widgets.ts'
import { type EditorNode, MAX_OF_ONE } from './editor-node.ts'
import type { NodeCatalog } from './node-catalog.ts'
import { widgetsOf } from './widgets.ts'

/** The values of a node's widgets under the names that an executed graph would give them. */
export interface NamedWidgets {
  of(node: EditorNode): ReadonlyMap<string, JsonValue>
}

export function createNamedWidgets(catalog: NodeCatalog | undefined): NamedWidgets {
  const known = new Map<EditorNode, ReadonlyMap<string, JsonValue>>()
  return {
    of(node) {
      const found = known.get(node) ?? nameWidgets(node, catalog)
      known.set(node, found)
      return found
    },
  }
}

/** An executed graph wraps lists, because there a bare list is a link. */
export const wrapped = (value: JsonValue): JsonValue => (Array.isArray(value) ? { __value__: value } : value)

function nameWidgets(node: EditorNode, catalog: NodeCatalog | undefined): Map<string, JsonValue> {
  const held = node.named ?? node.widgets
  if (!Array.isArray(held)) {
    const entries = entriesOf(held).filter(([name]) => name !== CONTROL)
    return new Map(entries.slice(0, MAX_OF_ONE).map(([name, value]) => [name, wrapped(value)]))
  }
  const slots: Named[] = []
  const plain: Placed[] = []
  for (let at = 0; at < held.length && at < MAX_OF_ONE; at += 1) {
    const value = held[at] ?? null
    const name = slotName(value, slots)
    if (name === undefined) plain.push({ at, value })
    else slots.push({ name, at, value })
  }
  const named = nameInOrder(node, plain, new Set(slots.map(({ name }) => name)), catalog)
  const all = slots.length === 0 ? named : [...slots, ...named].sort((a, b) => a.at - b.at)
  const widgets = new Map<string, JsonValue>()
  for (const { name, value } of all) widgets.set(name, wrapped(value))
  return widgets
}

/**
 * The name of a widget that its value gives away: rows `{on, lora, strength}` are `lora_1`, `lora_2` …, and a list of
 * rows `{name, strength, active}` is `loras`.
 */
function slotName(value: JsonValue, taken: readonly Named[]): string | undefined {
  if (typeof value !== 'object') return undefined
  if (fieldOf(value, 'lora') !== undefined) return `lora_${taken.length + 1}`
  const row = Array.isArray(value) ? value[0] : undefined
  const isRow = textOf(fieldOf(row, 'name')) !== undefined && fieldOf(row, 'active') !== undefined
  return isRow && taken.length === 0 ? 'loras' : undefined
}

/** In the order of the values. */
function nameInOrder(
  node: EditorNode,
  values: readonly Placed[],
  taken: ReadonlySet<string>,
  catalog: NodeCatalog | undefined,
): Named[] {
  const best = alignBest(node, values, taken, catalog)
  const named = [...(best?.pairs ?? [])]
  for (const { at, value } of best?.rest ?? values) named.push({ name: `widget_${at + 1}`, at, value })
  return named
}

/** A saved picture lists only the widgets that a link could reach, so a list of its own that is too short says nothing. */
function alignBest(
  node: EditorNode,
  values: readonly Placed[],
  taken: ReadonlySet<string>,
  catalog: NodeCatalog | undefined,
): Aligned | undefined {
  const free = (names: readonly string[]): readonly string[] =>
    taken.size === 0 ? names : names.filter((name) => !taken.has(name))
  const own = align(free(ownNames(node)), values)
  if (own.fits && own.isWhole) return own
  const live = catalog?.classes.get(node.type)?.widgets
  let fitting: Aligned | undefined
  for (const orders of [live === undefined ? [] : [live], widgetsOf(node.type)]) {
    const other = best(orders.map((names) => align(free(names), values)))
    if (other?.isWhole === true) return other
    fitting ??= other
  }
  return fitting ?? (own.fits && own.rest.length === 0 ? own : undefined)
}

/** Of the orders of several versions that which uses up all values, else that which finds most files. */
function best(tried: readonly Aligned[]): Aligned | undefined {
  const fitting = tried.filter(({ fits }) => fits)
  return (
    fitting.find(({ isWhole }) => isWhole) ??
    fitting.reduce<Aligned | undefined>((most, each) => {
      return most !== undefined && filesIn(most) >= filesIn(each) ? most : each
    }, undefined)
  )
}

function ownNames({ inputs }: EditorNode): string[] {
  const names: string[] = []
  for (const { widget } of inputs) if (widget !== undefined) names.push(widget)
  return names
}

/** The first value of a PrimitiveNode, which is handed on to what it is wired to. */
export const firstValue = ({ widgets }: EditorNode): JsonValue | undefined =>
  Array.isArray(widgets) ? widgets[0] : Object.values((widgets ?? {}) as JsonObject)[0]
