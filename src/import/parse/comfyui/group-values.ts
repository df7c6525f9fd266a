import type { JsonValue } from '../../../lib/json.ts'
import { hasModelExtension } from '../../model-name.ts'
import { entriesOf } from '../json.ts'
import { isControl, isSeed } from './align-widgets.ts'
import type { EditorNode } from './editor-node.ts'
import { createGiven, type Given, give, type Target } from './given.ts'
import type { NamedWidgets } from './name-widgets.ts'
import { INLETS, type Sheet } from './sheet.ts'

/** A widget inside a group, the value that it was saved with, and how many values it stands for in the list. */
interface Widget {
  readonly target: Target
  readonly value: JsonValue
  /** 2 where the value is followed by the word that says what happens to a seed, or by a button's null. */
  readonly length: number
  /** A link inside takes its place, or a widget that is an input was not shown on the box of older editors. */
  readonly link: 'none' | 'inside' | 'input'
}

/**
 * What the box of a group node says instead of the widgets inside. Its values are those of all nodes inside, one
 * behind the other; whether widgets that take links are among them depends on the version, and their number tells.
 */
export function givenByGroup(host: EditorNode, sheet: Sheet, names: NamedWidgets): Given {
  const given = createGiven()
  const widgets = [...sheet.nodes.values()].flatMap((node) => widgetsOf(node, sheet, names))
  const values = host.widgets
  if (!Array.isArray(values)) {
    giveByName(given, host, widgets)
    return given
  }
  const orders = [
    widgets,
    widgets.filter(({ link }) => link !== 'inside'),
    widgets.filter(({ link }) => link === 'none'),
  ]
  const fitting = orders.find((order) => order.reduce((sum, { length }) => sum + length, 0) === values.length)
  if (fitting === undefined) giveModels(given, widgets, values)
  let at = 0
  for (const { target, length } of fitting ?? []) {
    give(given, target, values[at] ?? null)
    at += length
  }
  return given
}

function widgetsOf(node: EditorNode, sheet: Sheet, names: NamedWidgets): Widget[] {
  const slots = new Map(
    node.inputs.flatMap((slot) => (slot.widget === undefined ? [] : [[slot.widget, slot] as const])),
  )
  const listed = Array.isArray(node.widgets) ? node.widgets : []
  let at = 0
  const named = [...names.of(node)]
  return named.map(([name, value], index): Widget => {
    const behind = listed[at + 1]
    const isButton = behind === null && isSeed(name) && named[index + 1]?.[1] !== null
    const length = (isControl(behind) && !isControl(value)) || isButton ? 2 : 1
    at += length
    const slot = slots.get(name)
    const from = slot?.link === undefined ? undefined : sheet.links.get(slot.link)?.from
    const link = slot === undefined ? 'none' : from === undefined || from === INLETS ? 'input' : 'inside'
    return { target: { kind: 'widget', key: node.key, name }, value, length, link }
  })
}

/** Under names, the first widget inside that is called so has the value. */
function giveByName(given: Given, host: EditorNode, widgets: readonly Widget[]): void {
  const left = new Map(entriesOf(host.named ?? host.widgets))
  for (const { target } of widgets) {
    const value = target.kind === 'widget' ? left.get(target.name) : undefined
    if (target.kind !== 'widget' || value === undefined) continue
    give(given, target, value)
    left.delete(target.name)
  }
}

/** Where the numbers do not match: the files, if there are as many of them outside as inside. */
function giveModels(given: Given, widgets: readonly Widget[], values: readonly JsonValue[]): void {
  const inside = widgets.filter(({ value }) => isModel(value))
  const outside = values.filter(isModel)
  if (inside.length !== outside.length) return
  for (const [index, { target }] of inside.entries()) give(given, target, outside[index] ?? null)
}

const isModel = (value: JsonValue): boolean => typeof value === 'string' && hasModelExtension(value)
