import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { type DeclaredModel, readDeclaredModels } from './declared-models.ts'

/** A socket of a box, or a widget that can take a link as well. */
export interface EditorSlot {
  readonly name: string
  /** `MODEL`, `INT,FLOAT`; `*` where anything fits. */
  readonly type: string
  /** Name of the widget that a link here takes the place of. */
  readonly widget: string | undefined
  /** Key of the link that ends here. */
  readonly link: string | undefined
}

/** A box as the editor keeps it. */
export interface EditorNode {
  /** Its id as text, unique within its sheet. */
  readonly key: string
  readonly type: string
  readonly mode: 'on' | 'muted' | 'bypassed'
  readonly inputs: readonly EditorSlot[]
  /** Types of its outputs. */
  readonly outputs: readonly string[]
  /** `widgets_values`: a list without names, or an object. */
  readonly widgets: JsonValue | undefined
  /** `widgets_values_named`, which newer editors write beside the list. */
  readonly named: JsonObject | undefined
  readonly properties: JsonObject
  readonly declared: readonly DeclaredModel[]
  /** How many values its box of the graph may hold: what it costs to repeat it. */
  readonly cost: number
}

const MAX_KEY = 100
/** Inputs of one node, and values of its widgets: the largest stacks have two hundred. */
export const MAX_OF_ONE = 10_000

/** An id of a node or link: a number, or text that a hostile file may make long. */
export function keyOf(id: JsonValue | undefined): string | undefined {
  return typeof id === 'number' || typeof id === 'string' ? String(id).slice(0, MAX_KEY) : undefined
}

export function readEditorNode(source: JsonObject, key: string): EditorNode {
  const inputs = objectsIn(source['inputs']).slice(0, MAX_OF_ONE).map(readSlot)
  const widgets = source['widgets_values']
  const named = source['widgets_values_named']
  const properties = isJsonObject(source['properties']) ? source['properties'] : {}
  const cost = 1 + sizeOf(inputs) + sizeOf(widgets) + sizeOf(named) + sizeOf(properties['proxyWidgets'])
  return {
    key,
    type: textOf(source['type']) ?? '',
    mode: MODES.get(source['mode']) ?? 'on',
    inputs,
    outputs: objectsIn(source['outputs']).map((output) => typeOf(output['type'])),
    widgets,
    named: isJsonObject(named) ? named : undefined,
    properties,
    declared: readDeclaredModels(properties['models']),
    cost,
  }
}

/** 0 always, 1 on event and 3 on trigger run. */
const MODES = new Map<unknown, 'muted' | 'bypassed'>([
  [2, 'muted'],
  [4, 'bypassed'],
])

function readSlot(source: JsonObject): EditorSlot {
  return {
    name: textOf(source['name']) ?? '',
    type: typeOf(source['type']),
    widget: textOf(fieldOf(source['widget'], 'name')),
    link: keyOf(source['link']),
  }
}

/** A type may be 0, an empty text or a list of choices. */
const typeOf = (type: JsonValue | undefined): string => (textOf(type) || '*').slice(0, MAX_KEY)

function sizeOf(value: object | JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0
  return Math.min(MAX_OF_ONE, Array.isArray(value) ? value.length : Object.keys(value).length)
}
