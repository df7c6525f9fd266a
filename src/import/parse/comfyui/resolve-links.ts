import type { JsonValue } from '../../../lib/json.ts'
import type { EditorNode, EditorSlot } from './editor-node.ts'
import type { Frame } from './frames.ts'
import { firstValue } from './name-widgets.ts'
import { constantName, INLETS } from './sheet.ts'

/** What a link brings in the end. */
export type Source =
  | { readonly kind: 'node'; readonly id: string; readonly slot: number }
  | { readonly kind: 'value'; readonly value: JsonValue }
  /** It comes from a muted node: the input is left without anything. */
  | { readonly kind: 'cut' }

/** Where links come from, through reroutes, constants, bypassed nodes and the walls of subgraphs. */
export interface LinkResolver {
  /**
   * What is wired to an input; undefined where nothing is. For a node that does not run itself, muted and bypassed
   * nodes count like others.
   */
  source(frame: Frame, node: EditorNode, slot: EditorSlot): Source | undefined
}

/** Boxes that only hand on what is wired into them, and are in no executed graph. */
const PASSING = new Set(['Reroute', 'Reroute (rgthree)', 'SetNode'])
const VIRTUAL = new Set([...PASSING, 'GetNode', 'PrimitiveNode', 'Note', 'MarkdownNote', 'Note Plus (mtb)'])

export const isVirtual = (type: string): boolean => VIRTUAL.has(type)

/** Longer chains of boxes that only hand on are not followed. */
const MAX_HOPS = 500

/** One look-up: the answer is kept, so that a long chain is walked once however many inputs it feeds. */
interface Ask {
  readonly frame: Frame
  readonly key: string
  readonly slot: number
  /** Of the input at the end. */
  readonly type: string
  readonly live: boolean
  readonly hops: number
}

export function createLinkResolver(): LinkResolver {
  const known = new Map<string, Source | undefined>()

  const through = (ask: Ask, slot: EditorSlot | undefined, type = ask.type): Source | undefined => {
    const link = slot?.link === undefined ? undefined : ask.frame.sheet.links.get(slot.link)
    if (link === undefined) return undefined
    return output({ ...ask, key: link.from, slot: link.fromSlot, type, hops: ask.hops + 1 })
  }

  const output = (ask: Ask): Source | undefined => {
    const node = ask.frame.sheet.nodes.get(ask.key)
    const isInlet = ask.key === INLETS && ask.frame.host !== undefined
    if (node === undefined && !isInlet) return undefined
    if (node !== undefined && !handsOn(node, ask)) {
      return { kind: 'node', id: `${ask.frame.prefix}${node.key}`, slot: ask.slot }
    }
    const name = `${ask.frame.number} ${ask.slot} ${ask.live ? 1 : 0} ${ask.type} ${ask.key}`
    if (known.has(name)) return known.get(name)
    known.set(name, undefined) // the answer where the chain comes back to here
    const found = ask.hops > MAX_HOPS ? undefined : node === undefined ? fromOutside(ask) : handedOn(ask, node)
    known.set(name, found)
    return found
  }

  /** What is wired to the box around it wins over the value that the box shows. */
  const fromOutside = (ask: Ask): Source | undefined => {
    const { host, given } = ask.frame
    const value = given.inlets.get(ask.slot)
    const wired = host === undefined ? undefined : through({ ...ask, frame: host.frame }, host.slots.get(ask.slot))
    return wired ?? (value === undefined ? undefined : { kind: 'value', value })
  }

  const handedOn = (ask: Ask, node: EditorNode): Source | undefined => {
    if (node.type === 'PrimitiveNode') {
      const value = ask.frame.given.widgets.get(node.key)?.get('value') ?? firstValue(node)
      return value === undefined ? undefined : { kind: 'value', value }
    }
    if (node.type === 'GetNode') return constant(ask, constantName(node))
    if (PASSING.has(node.type)) return through(ask, node.inputs[0])
    if (ask.live && node.mode === 'muted') return { kind: 'cut' }
    if (ask.live && node.mode === 'bypassed') {
      const slot = bypass(node, ask)
      return through(ask, slot, slot?.type)
    }
    const inner = ask.frame.inner.get(node.key)
    const outlet = inner?.sheet.outlets.get(ask.slot)
    if (inner === undefined || outlet === undefined) return undefined
    return output({ ...ask, frame: inner, key: outlet.from, slot: outlet.fromSlot, hops: ask.hops + 1 })
  }

  /** A GetNode finds its SetNode by name, in the same graph or further out. */
  const constant = (ask: Ask, name: string | undefined): Source | undefined => {
    for (let frame: Frame | undefined = ask.frame; frame !== undefined; frame = frame.host?.frame) {
      const setter = name === undefined ? undefined : frame.sheet.setters.get(name)
      if (setter !== undefined) return through({ ...ask, frame }, setter.inputs[0])
    }
    return undefined
  }

  return {
    source(frame, node, slot) {
      if (slot.link === undefined) return undefined
      const live = frame.active && node.mode === 'on'
      return through({ frame, key: node.key, slot: 0, type: slot.type, live, hops: 0 }, slot)
    },
  }
}

const handsOn = (node: EditorNode, { frame, live }: Ask): boolean =>
  isVirtual(node.type) || (live && node.mode !== 'on') || frame.inner.has(node.key)

/** The input that a bypassed node hands on: of the same number where the types allow it, else the first that fits. */
function bypass({ inputs, outputs }: EditorNode, { slot, type }: Ask): EditorSlot | undefined {
  if (type === '*') return inputs[slot] ?? inputs[0]
  const fits = (input: EditorSlot | undefined): boolean =>
    input !== undefined && areCompatible(input.type, type) && areCompatible(input.type, outputs[slot] ?? '*')
  if (fits(inputs[slot])) return inputs[slot]
  return inputs.find((input) => input.type === type) ?? inputs.find(fits)
}

/** Types may be lists: `INT,FLOAT`. */
function areCompatible(a: string, b: string): boolean {
  if (a === '*' || b === '*' || a === b) return true
  const types = new Set(a.toLowerCase().split(','))
  return b
    .toLowerCase()
    .split(',')
    .some((type) => types.has(type))
}
