import type { JsonObject } from '../../../lib/json.ts'
import type { Definitions, Inside } from './definitions.ts'
import type { EditorNode, EditorSlot } from './editor-node.ts'
import { createGiven, type Given } from './given.ts'
import { givenByGroup } from './group-values.ts'
import type { NamedWidgets } from './name-widgets.ts'
import { cleanLabel } from './place.ts'
import { givenBySubgraph } from './promoted.ts'
import { readSheet, type Sheet } from './sheet.ts'

/** A sheet at one place of a workflow: a subgraph that is used twice is two of these. */
export interface Frame {
  readonly number: number
  readonly sheet: Sheet
  /** Before the ids of its nodes: `30:10:`; empty at the root. */
  readonly prefix: string
  /** False: the box around it, or one further out, is muted or bypassed. */
  readonly active: boolean
  readonly given: Given
  /** The frames inside its boxes, by the node's key. */
  readonly inner: Map<string, Frame>
  readonly host?: Host
  readonly depth: number
  /** There were too many already: it is there because its sheet was not among them. */
  readonly isLate: boolean
}

/** The box around a frame. */
export interface Host {
  readonly frame: Frame
  /** Its inputs by the numbers of the inlets that they stand for. */
  readonly slots: ReadonlyMap<number, EditorSlot>
}

export type Warn = (place: string, reason: string) => void

export const WORKFLOW_PLACE = 'comfyui:workflow'
export const placeOf = (frame: Frame, node: EditorNode): string =>
  `${WORKFLOW_PLACE} node ${cleanLabel(frame.prefix + node.key)}`

const MAX_DEPTH = 64
/** Of nodes that boxes repeat. A workflow of a thousand nodes is a large one. */
const MAX_NODES = 50_000
/** Of inputs and widgets in all frames together. */
export const MAX_VALUES = 400_000

/**
 * The root and everything inside its boxes, outer frames first. Where that is too much, each sheet is still there once.
 * What is left out is told once each.
 */
export function expand(workflow: JsonObject, definitions: Definitions, names: NamedWidgets, warn: Warn): Frame[] {
  const root = frameOf(readSheet(workflow), 0)
  const frames = [root]
  const warnOnce = createWarnOnce(warn)
  const seen = new Set<Sheet>()
  let nodes = 0
  let values = root.sheet.cost
  let late = 0
  for (const frame of frames) {
    for (const node of frame.sheet.nodes.values()) {
      const inside = definitions.inside(node.type)
      const refusal = refuse(frame, node, inside, definitions)
      if (refusal !== undefined) warnOnce(placeOf(frame, node), refusal, node.type)
      if (inside === undefined || refusal !== undefined) continue
      const { sheet } = inside
      const isLate = nodes + sheet.nodes.size > MAX_NODES || values + sheet.cost > MAX_VALUES
      if (isLate) warnOnce(WORKFLOW_PLACE, TOO_MANY)
      if (isLate && (seen.has(sheet) || late + sheet.cost > MAX_VALUES)) continue
      seen.add(sheet)
      if (isLate) late += sheet.cost
      else {
        nodes += sheet.nodes.size
        values += sheet.cost
      }
      const inner = { ...innerFrame(frame, node, inside, names, frames.length), isLate }
      frame.inner.set(node.key, inner)
      frames.push(inner)
    }
  }
  return frames
}

const TOO_MANY = `its subgraphs hold more than ${MAX_NODES} nodes or ${MAX_VALUES} values; beyond that each is read once`

const frameOf = (sheet: Sheet, number: number): Frame => ({
  number,
  sheet,
  prefix: '',
  active: true,
  given: createGiven(),
  inner: new Map(),
  depth: 0,
  isLate: false,
})

const innerFrame = (
  frame: Frame,
  node: EditorNode,
  { kind, sheet }: Inside,
  names: NamedWidgets,
  number: number,
): Frame => ({
  ...frameOf(sheet, number),
  prefix: `${frame.prefix}${node.key}:`,
  active: frame.active && node.mode === 'on',
  given:
    kind === 'group'
      ? givenByGroup(node, sheet, names)
      : givenBySubgraph(node, sheet, names, frame.given.widgets.get(node.key)),
  host: { frame, slots: matchSlots(kind, node, sheet) },
  depth: frame.depth + 1,
})

/**
 * Finds the inputs of a box by the names of its inlets, of two with one name the first for the first. A group node may
 * have put the title of the node inside before the name; its inputs come in the order of the inlets.
 */
function matchSlots(kind: Inside['kind'], { inputs }: EditorNode, { inlets }: Sheet): ReadonlyMap<number, EditorSlot> {
  const slots = new Map<number, EditorSlot>()
  if (kind === 'group') {
    for (const at of inlets.keys()) {
      const slot = inputs[at]
      if (slot !== undefined) slots.set(at, slot)
    }
    return slots
  }
  const waiting = new Map<string, number[]>()
  for (const [at, { name }] of [...inlets.entries()].reverse()) {
    const numbers = waiting.get(name)
    if (numbers === undefined) waiting.set(name, [at])
    else numbers.push(at)
  }
  for (const slot of inputs) {
    const at = waiting.get(slot.name)?.pop()
    if (at !== undefined) slots.set(at, slot)
  }
  return slots
}

/** Why the inside of a box cannot be followed. */
function refuse(
  frame: Frame,
  node: EditorNode,
  inside: Inside | undefined,
  definitions: Definitions,
): string | undefined {
  if (inside === undefined) {
    return definitions.isContainer(node.type) ? 'the subgraph of this node is not in the workflow' : undefined
  }
  if (frame.depth >= MAX_DEPTH) return `subgraphs nested more than ${MAX_DEPTH} deep are left out`
  for (let outer: Frame | undefined = frame; outer !== undefined; outer = outer.host?.frame) {
    if (outer.sheet === inside.sheet) return 'this subgraph contains itself and is left out there'
  }
  return undefined
}

/** Tells each reason once for each type of node: a hostile workflow has as many as it likes. */
function createWarnOnce(warn: Warn): (place: string, reason: string, type?: string) => void {
  const told = new Set<string>()
  return (place, reason, type = '') => {
    const key = `${reason} ${type}`
    if (told.has(key)) return
    told.add(key)
    warn(place, reason)
  }
}
