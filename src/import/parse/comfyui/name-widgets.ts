import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { hasModelExtension } from '../../model-name.ts'
import { entriesOf, fieldOf, textOf } from '../json.ts'
import { type EditorNode, MAX_OF_ONE } from './editor-node.ts'
import type { NodeCatalog } from './node-catalog.ts'
import { widgetsOf } from './widgets.ts'

/** The values of a node's widgets under the names that an executed graph would give them. */
export interface NamedWidgets {
  of(node: EditorNode): ReadonlyMap<string, JsonValue>
}

/** The widget behind a seed that says what happens to it after a run. It is in no executed graph. */
export const CONTROL = 'control_after_generate'
const CONTROLS = new Set<unknown>(['fixed', 'increment', 'decrement', 'randomize', 'increment-wrap'])
export const isControl = (value: JsonValue | undefined): boolean => CONTROLS.has(value)
export const isSeed = (name: string): boolean => /(?:^|_)seed$/i.test(name)

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
  for (const [at, value] of held.slice(0, MAX_OF_ONE).entries()) {
    const name = slotName(value, slots)
    if (name === undefined) plain.push({ at, value })
    else slots.push({ name, at, value })
  }
  const all = [...slots, ...nameInOrder(node, plain, new Set(slots.map(({ name }) => name)), catalog)]
  return new Map(all.sort((a, b) => a.at - b.at).map(({ name, value }) => [name, wrapped(value)]))
}

/**
 * The name of a widget that its value gives away: rows `{on, lora, strength}` are `lora_1`, `lora_2` …, and a list of
 * rows `{name, strength, active}` is `loras`.
 */
function slotName(value: JsonValue, taken: readonly Named[]): string | undefined {
  if (fieldOf(value, 'lora') !== undefined) return `lora_${taken.length + 1}`
  const row = Array.isArray(value) ? value[0] : undefined
  const isRow = textOf(fieldOf(row, 'name')) !== undefined && fieldOf(row, 'active') !== undefined
  return isRow && taken.length === 0 ? 'loras' : undefined
}

/** A value and where it stands in the list. */
interface Placed {
  readonly at: number
  readonly value: JsonValue
}

interface Named extends Placed {
  readonly name: string
}

function nameInOrder(
  node: EditorNode,
  values: readonly Placed[],
  taken: ReadonlySet<string>,
  catalog: NodeCatalog | undefined,
): Named[] {
  const free = (names: readonly string[] | undefined): readonly string[] =>
    (names ?? []).filter((name) => !taken.has(name))
  const own = align(free(node.inputs.flatMap(({ widget }) => widget ?? [])), values)
  const others = [catalog?.classes.get(node.type)?.widgets, widgetsOf(node.type)]
    .filter((names) => names !== undefined)
    .map((names) => align(free(names), values))
  // A saved picture lists only the widgets that a link could reach, so a list that is too short says nothing.
  const best =
    [own, ...others].find(({ fits, isWhole }) => fits && isWhole) ??
    others.find(({ fits }) => fits) ??
    (own.fits && own.rest.length === 0 ? own : undefined)
  const unnamed = (best?.rest ?? values).map((placed) => ({ ...placed, name: `widget_${placed.at + 1}` }))
  return [...(best?.pairs ?? []), ...unnamed]
}

interface Aligned {
  readonly pairs: readonly Named[]
  readonly rest: readonly Placed[]
  /** Each name has a value and each value a name. */
  readonly isWhole: boolean
  /** No value is of a kind that its name cannot mean. */
  readonly fits: boolean
}

/** Gives values their names one by one, and knows that the values have a word more behind a seed. */
function align(names: readonly string[], values: readonly Placed[]): Aligned {
  const pairs: Named[] = []
  let at = 0
  for (const [index, name] of names.entries()) {
    const placed = values[at]
    if (placed === undefined) break
    if (name === CONTROL) {
      if (placed.value === null || isControl(placed.value)) at += 1
      continue
    }
    pairs.push({ ...placed, name })
    at += 1
    const isMore = isSeed(name) || values.length - at > names.length - index - 1
    if (isMore && names[index + 1] !== CONTROL && isControl(values[at]?.value)) at += 1
  }
  const named = names.filter((name) => name !== CONTROL).length
  return {
    pairs,
    rest: values.slice(at),
    isWhole: pairs.length === named && at === values.length,
    fits: pairs.every(({ name, value }) => canMean(name, value)),
  }
}

const NUMBER = /strength|weight|seed|steps|^cfg|width|height|denoise|batch_size|_skip/i

function canMean(name: string, value: JsonValue): boolean {
  if (typeof value === 'string') return !(NUMBER.test(name) && hasModelExtension(value))
  return !(typeof value === 'number' && /_name_?\d*$/.test(name))
}

/** The first value of a PrimitiveNode, which is handed on to what it is wired to. */
export const firstValue = ({ widgets }: EditorNode): JsonValue | undefined =>
  Array.isArray(widgets) ? widgets[0] : Object.values((widgets ?? {}) as JsonObject)[0]
