import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { entriesOf, fieldOf, objectsIn } from '../json.ts'
import { type EditorNode, type EditorSlot, keyOf, readEditorNode } from './editor-node.ts'
import { type EditorLink, INLETS, type Inlet, type Sheet, slotOf, toSheet } from './sheet.ts'

/** `workflow>Name`, before that `workflow/Name`: the type of a box that stands for several. */
const GROUP_TYPE = /^workflow[>/]/

export const groupName = (type: string): string | undefined =>
  GROUP_TYPE.test(type) ? type.slice('workflow>'.length) : undefined

/** `extra.groupNodes` of a workflow: the insides by their names. */
export const readGroupNodes = (workflow: JsonObject): ReadonlyMap<string, JsonObject> =>
  new Map(
    entriesOf(fieldOf(fieldOf(workflow, 'extra'), 'groupNodes')).filter((entry): entry is [string, JsonObject] =>
      isJsonObject(entry[1]),
    ),
  )

/**
 * The inside of a group node as a sheet. Its nodes go by their numbers; its links are `[from, slot, to, slot]`, and
 * the inputs and outputs of the box are those that no link inside connects, in the order of the nodes.
 */
export function readGroupSheet(group: JsonObject): Sheet {
  const sources = objectsIn(fieldOf(group, 'nodes'))
  const nodes = new Map(sources.map((source, index) => [String(index), readEditorNode(source, String(index))]))
  const inside = readLinks(fieldOf(group, 'links'))
  const links = new Map<string, EditorLink>()
  const into = new Map<string, string>()
  const connect = (link: EditorLink): string => {
    const id = String(links.size)
    links.set(id, link)
    into.set(`${link.to}.${link.toSlot}`, id)
    return id
  }
  inside.forEach(connect)
  const inlets = openInputs(nodes, into).map((open, index): Inlet => {
    const id = connect({ from: INLETS, fromSlot: index, to: open.node.key, toSlot: open.at })
    return { name: open.slot.name, links: [id] }
  })
  const wired = new Map([...nodes].map(([key, node]) => [key, { ...node, inputs: linked(node, into) }]))
  return toSheet({ nodes: wired, links, inlets, outlets: openOutputs(nodes, inside, group) })
}

function readLinks(list: JsonValue | undefined): EditorLink[] {
  return (Array.isArray(list) ? list : []).flatMap((link) => {
    if (!Array.isArray(link) || typeof link[0] !== 'number' || typeof link[2] !== 'number') return []
    return [{ from: String(link[0]), fromSlot: slotOf(link[1]), to: String(link[2]), toSlot: slotOf(link[3]) }]
  })
}

interface OpenInput {
  readonly node: EditorNode
  readonly slot: EditorSlot
  readonly at: number
}

/** Sockets first, and widgets that were made inputs behind those of all nodes. */
function openInputs(nodes: ReadonlyMap<string, EditorNode>, into: ReadonlyMap<string, string>): OpenInput[] {
  const open = [...nodes.values()].flatMap((node) =>
    node.inputs.map((slot, at) => ({ node, slot, at })).filter(({ at }) => !into.has(`${node.key}.${at}`)),
  )
  const isWidget = ({ slot }: OpenInput): boolean => slot.widget !== undefined
  return [...open.filter((input) => !isWidget(input)), ...open.filter(isWidget)]
}

/** The inputs with their links, in place of those of the workflow that the group was made in. */
const linked = (node: EditorNode, into: ReadonlyMap<string, string>): EditorSlot[] =>
  node.inputs.map(({ name, type, widget }, at) => {
    return { name, type, widget, link: into.get(`${node.key}.${at}`) }
  })

/** `external` has the outputs that go outside as well, `config` those that someone showed or hid. */
function openOutputs(
  nodes: ReadonlyMap<string, EditorNode>,
  inside: readonly EditorLink[],
  group: JsonObject,
): Map<number, EditorLink> {
  const used = new Set(inside.map(({ from, fromSlot }) => `${from}.${fromSlot}`))
  const external = fieldOf(group, 'external')
  for (const output of Array.isArray(external) ? external : []) {
    if (Array.isArray(output)) used.delete(`${keyOf(output[0])}.${slotOf(output[1])}`)
  }
  const outlets = new Map<number, EditorLink>()
  for (const { key, outputs } of nodes.values()) {
    for (const at of outputs.keys()) {
      const shown = fieldOf(fieldOf(fieldOf(configOf(group, key), 'output'), String(at)), 'visible')
      if (typeof shown === 'boolean' ? !shown : used.has(`${key}.${at}`)) continue
      outlets.set(outlets.size, { from: key, fromSlot: at, to: '', toSlot: 0 })
    }
  }
  return outlets
}

const configOf = (group: JsonObject, key: string): JsonValue | undefined => fieldOf(fieldOf(group, 'config'), key)
