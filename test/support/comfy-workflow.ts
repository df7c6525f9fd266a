import type { DeclaredModel, Graph } from '../../src/import/parse/comfyui/graph.ts'
import { toGraph } from '../../src/import/parse/comfyui/workflow.ts'
import type { ParseContext } from '../../src/import/parse/parser.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts'

/** A box of an editor's workflow; `wired` names inputs and the links that end at them. */
export interface Box {
  readonly id: JsonValue
  readonly type: string
  readonly mode?: number
  readonly values?: JsonValue
  readonly named?: JsonObject
  /** Sockets: name to link. */
  readonly sockets?: Readonly<Record<string, JsonValue>>
  /** Inputs that are widgets as well: name to link. */
  readonly widgets?: Readonly<Record<string, JsonValue>>
  /** Types of sockets and outputs, where they matter. */
  readonly types?: Readonly<Record<string, string>>
  readonly outputs?: readonly string[]
  readonly properties?: JsonObject
}

/** The JSON that the editor keeps for a box. */
export function box({ id, type, mode, values, named, sockets, widgets, types, outputs, properties }: Box): JsonObject {
  const slot = (name: string, link: JsonValue, widget: boolean): JsonObject => ({
    name,
    type: types?.[name] ?? '*',
    link,
    ...(widget ? { widget: { name } } : {}),
  })
  return {
    id,
    type,
    ...(mode === undefined ? {} : { mode }),
    inputs: [
      ...Object.entries(sockets ?? {}).map(([name, link]) => slot(name, link, false)),
      ...Object.entries(widgets ?? {}).map(([name, link]) => slot(name, link, true)),
    ],
    outputs: (outputs ?? []).map((output) => ({ type: output })),
    ...(values === undefined ? {} : { widgets_values: values }),
    ...(named === undefined ? {} : { widgets_values_named: named }),
    ...(properties === undefined ? {} : { properties }),
  }
}

/** A link as the root of a workflow has it. */
export const link = (id: JsonValue, from: JsonValue, fromSlot: number, to: JsonValue, toSlot: number): JsonValue[] => [
  id,
  from,
  fromSlot,
  to,
  toSlot,
  '*',
]

/** A link as subgraphs have it. */
export const linkObject = (id: number, from: number, fromSlot: number, to: number, toSlot: number): JsonObject => ({
  id,
  origin_id: from,
  origin_slot: fromSlot,
  target_id: to,
  target_slot: toSlot,
  type: '*',
})

export const workflow = (boxes: readonly Box[], rest: JsonObject = {}): JsonObject => ({
  nodes: boxes.map(box),
  links: [],
  version: 0.4,
  ...rest,
})

export interface Turned {
  readonly graph: Graph
  readonly declared: readonly DeclaredModel[]
  readonly warnings: readonly (readonly [place: string, reason: string])[]
  /** Of a node that is there. */
  inputs(id: string): JsonObject
  /** `id: value of the input`, off nodes with `(off)`. */
  values(input: string): string[]
}

export function turn(source: JsonObject, context: ParseContext = {}): Turned {
  const warnings: (readonly [string, string])[] = []
  const { graph, declared } = toGraph(source, context, (place, reason) => warnings.push([place, reason]))
  return {
    graph,
    declared,
    warnings,
    inputs(id) {
      const node = graph.get(id)
      if (node === undefined) throw new Error(`There is no node ${id} among ${[...graph.keys()].join(', ')}`)
      return node.inputs
    },
    values: (input) =>
      [...graph.values()]
        .filter(({ inputs }) => Object.hasOwn(inputs, input))
        .map(({ id, inputs, active }) => `${id}: ${show(inputs[input])}${active ? '' : ' (off)'}`),
  }
}

const show = (value: JsonValue | undefined): string =>
  Array.isArray(value) || isJsonObject(value) ? JSON.stringify(value) : String(value)

/** Ids of subgraphs are UUIDs. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
