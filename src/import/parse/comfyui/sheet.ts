import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { type EditorNode, type EditorSlot, keyOf, readEditorNode } from './editor-node.ts'

/** Stands for the inputs of a subgraph among the ends of its links, as the editor has it. */
export const INLETS = '-10'
const OUTLETS = '-20'

export interface EditorLink {
  readonly from: string
  readonly fromSlot: number
  readonly to: string
  readonly toSlot: number
}

/** An input of a subgraph, and the links that go on from it inside. */
export interface Inlet {
  readonly name: string
  readonly links: readonly string[]
}

/** One level of a workflow: the root, the inside of a subgraph, or that of a group node. */
export interface Sheet {
  readonly nodes: ReadonlyMap<string, EditorNode>
  readonly links: ReadonlyMap<string, EditorLink>
  readonly inlets: readonly Inlet[]
  /** By the number of the output, what is wired to it inside. */
  readonly outlets: ReadonlyMap<number, EditorLink>
  /** Where each link ends. */
  readonly ends: ReadonlyMap<string, LinkEnd>
  /** SetNode boxes by the name under which GetNode boxes find them. */
  readonly setters: ReadonlyMap<string, EditorNode>
  /** How many values it adds to a graph each time that it is there. */
  readonly cost: number
}

export interface LinkEnd {
  readonly node: EditorNode
  readonly slot: EditorSlot
}

export function readSheet(source: JsonObject): Sheet {
  const nodes = readNodes(fieldOf(source, 'nodes'))
  const links = readLinks(fieldOf(source, 'links'))
  const outlets = [...links.values()].filter(({ to }) => to === OUTLETS)
  return toSheet({
    nodes,
    links,
    inlets: readInlets(fieldOf(source, 'inputs'), links),
    outlets: new Map(outlets.map((link) => [link.toSlot, link])),
  })
}

/** A sheet with what follows from its parts. */
export function toSheet(parts: Pick<Sheet, 'nodes' | 'links' | 'inlets' | 'outlets'>): Sheet {
  const ends = new Map<string, LinkEnd>()
  const setters = new Map<string, EditorNode>()
  let cost = parts.inlets.length
  for (const node of parts.nodes.values()) {
    cost += node.cost
    for (const slot of node.inputs) if (slot.link !== undefined) ends.set(slot.link, { node, slot })
    const name = node.type === 'SetNode' ? constantName(node) : undefined
    if (name !== undefined) setters.set(name, node)
  }
  return { ...parts, ends, setters, cost }
}

/** Nodes with one id twice, which copying by hand leaves behind, are kept apart. */
function readNodes(list: JsonValue | undefined): Map<string, EditorNode> {
  const nodes = new Map<string, EditorNode>()
  let number = 0
  for (const source of objectsIn(list)) {
    number += 1
    const id = keyOf(source['id']) ?? `?${number}`
    const key = nodes.has(id) ? `${id}#${number}` : id
    nodes.set(key, readEditorNode(source, key))
  }
  return nodes
}

const LINK_FIELDS = ['id', 'origin_id', 'origin_slot', 'target_id', 'target_slot']

/** `[id, from, slot, to, slot, type]`, or `{id, origin_id, origin_slot, target_id, target_slot}`. */
function readLinks(list: JsonValue | undefined): Map<string, EditorLink> {
  const links = new Map<string, EditorLink>()
  for (const link of Array.isArray(list) ? list : isJsonObject(list) ? Object.values(list) : []) {
    const [id, from, fromSlot, to, toSlot] = Array.isArray(link) ? link : LINK_FIELDS.map((name) => fieldOf(link, name))
    const keys = { id: keyOf(id), from: keyOf(from), to: keyOf(to) }
    if (keys.id === undefined || keys.from === undefined || keys.to === undefined) continue
    links.set(keys.id, { from: keys.from, fromSlot: slotOf(fromSlot), to: keys.to, toSlot: slotOf(toSlot) })
  }
  return links
}

/** Old files write the number of a slot as text. */
export const slotOf = (slot: JsonValue | undefined): number => {
  const number = typeof slot === 'string' ? Number(slot) : slot
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0
}

/** `linkIds` of an input and the slots of its links say the same; where they do not, `linkIds` counts. */
function readInlets(list: JsonValue | undefined, links: Map<string, EditorLink>): Inlet[] {
  const inputs = objectsIn(list)
  for (const [at, input] of inputs.entries()) {
    const listed = fieldOf(input, 'linkIds')
    for (const id of Array.isArray(listed) ? listed : []) {
      const key = keyOf(id) ?? ''
      const link = links.get(key)
      if (link?.from === INLETS) links.set(key, { ...link, fromSlot: at })
    }
  }
  const bySlot = new Map<number, string[]>()
  for (const [id, { from, fromSlot }] of links) {
    if (from !== INLETS) continue
    const ids = bySlot.get(fromSlot)
    if (ids === undefined) bySlot.set(fromSlot, [id])
    else ids.push(id)
  }
  return inputs.map((input, at) => ({
    name: textOf(fieldOf(input, 'name')) ?? '',
    links: bySlot.get(at) ?? [],
  }))
}

/** The name that a SetNode gives to what is wired into it, and that a GetNode asks for. */
export const constantName = ({ widgets }: EditorNode): string | undefined =>
  Array.isArray(widgets) ? textOf(widgets[0]) : undefined
