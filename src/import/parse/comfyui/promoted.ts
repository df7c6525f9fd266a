import { isJsonObject, type JsonValue } from '../../../lib/json.ts'
import { fieldOf, parseJson, textOf } from '../json.ts'
import { type EditorNode, keyOf } from './editor-node.ts'
import { createGiven, type Given, give, type Target, widgetBehind } from './given.ts'
import type { NamedWidgets } from './name-widgets.ts'
import { INLETS, type Sheet } from './sheet.ts'
import { bestOrder } from './value-order.ts'

/**
 * What the box of a subgraph says instead of the widgets inside, which keep old values.
 * `outer`: what a box further out gives to the widgets of this one.
 */
export function givenBySubgraph(
  host: EditorNode,
  sheet: Sheet,
  names: NamedWidgets,
  outer: ReadonlyMap<string, JsonValue> | undefined,
): Given {
  const inlets = new Map(sheet.inlets.map(({ name }, at): [string, Target] => [name, { kind: 'inlet', at }]))
  const proxies = proxyTargets(host, sheet, inlets)
  const byName = new Map([...proxies, ...inlets])
  const given = createGiven()
  const held = host.named ?? host.widgets
  if (Array.isArray(held)) {
    const box = host.inputs.filter(({ widget }) => widget !== undefined).map(({ name }) => inlets.get(name) ?? GONE)
    // Some versions keep values only for the proxies of inlets, and those of others in the nodes inside.
    const wired = proxies.filter(([, target]) => target.kind === 'inlet')
    const present = proxies.filter(([, target]) => target.kind !== 'gone')
    const lists = [proxies, wired, present].map((list) => list.map(([, target]) => target))
    const orders = [...lists, box, widgetInlets(sheet)]
    for (const [target, value] of bestOrder(orders, held, sheet, names)) give(given, target, value)
  } else if (isJsonObject(held)) {
    for (const [name, value] of Object.entries(held)) give(given, byName.get(name) ?? GONE, value)
  }
  for (const [name, value] of outer ?? []) give(given, byName.get(name) ?? GONE, value)
  return given
}

const GONE: Target = { kind: 'gone' }

/** `properties.proxyWidgets`: `[["12", "text"], ["-1", "name of an inlet"], …]`, also as JSON in a string. */
function proxyTargets(host: EditorNode, sheet: Sheet, inlets: ReadonlyMap<string, Target>): [string, Target][] {
  const property = fieldOf(host.properties, 'proxyWidgets')
  const list = typeof property === 'string' ? parseJson(property) : property
  if (!Array.isArray(list) || list.length === 0) return []
  const wired = wiredWidgets(sheet)
  return list.flatMap((entry): [string, Target][] => {
    const key = Array.isArray(entry) ? keyOf(entry[0]) : undefined
    const written = Array.isArray(entry) ? textOf(entry[1]) : undefined
    if (key === undefined || written === undefined) return []
    const name = withoutIds(written)
    if (key === '-1') return [[name, inlets.get(written) ?? inlets.get(name) ?? GONE]]
    // A node that someone deleted is still listed.
    if (!sheet.nodes.has(key)) return [[name, GONE]]
    return [[name, wired.get(`${key} ${name}`) ?? { kind: 'widget', key, name }]]
  })
}

/** `12: 5: text`, as some versions write the name of a widget two levels down. */
const withoutIds = (name: string): string => name.trimStart().replace(/^(?:\d{1,20}\s{0,9}:\s{0,9}){1,64}(?=\S)/, '')

/** Widgets inside that an inlet is wired to, by node and name. */
function wiredWidgets(sheet: Sheet): Map<string, Target> {
  const wired = new Map<string, Target>()
  for (const [id, { node, slot }] of sheet.ends) {
    const link = sheet.links.get(id)
    if (link?.from !== INLETS) continue
    wired.set(`${node.key} ${slot.widget ?? slot.name}`, { kind: 'inlet', at: link.fromSlot })
  }
  return wired
}

/** Inlets that lead to a widget. A saved picture leaves them out of the box unless a link ends there. */
const widgetInlets = (sheet: Sheet): Target[] =>
  sheet.inlets.flatMap((_, at): Target[] => {
    const target: Target = { kind: 'inlet', at }
    return widgetBehind(target, sheet) === undefined ? [] : [target]
  })
