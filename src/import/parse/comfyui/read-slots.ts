import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { fieldOf, objectsIn, parseJson, textOf } from '../json.ts'
import type { GraphNode } from './graph.ts'
import type { ModelUse } from './model-use.ts'

/** LoRAs in shapes that tell by themselves what they are, whatever the class of the node. */
export function readSlots(node: GraphNode): ModelUse[] {
  const uses: ModelUse[] = []
  for (const input of Object.keys(node.inputs)) {
    const value = node.inputs[input]
    if (isJsonObject(value)) uses.push(...readSlot(node, input, value))
    // One by one: a list may have more than a call takes.
    if (input === 'loras') for (const use of readList(node, input, value)) uses.push(use)
    if (input === 'loras_json') for (const use of readRows(node, input, value)) uses.push(use)
  }
  return uses
}

/** rgthree's Power Lora Loader: `lora_1: {"on": true, "lora": "a.safetensors", "strength": 0.8, "strengthTwo": null}`. */
function readSlot(node: GraphNode, input: string, value: JsonObject): ModelUse[] {
  const lora = textOf(fieldOf(value, 'lora'))
  if (lora === undefined) return []
  const strengths = [fieldOf(value, 'strength'), fieldOf(value, 'strengthTwo')]
  return [loraUse(node, input, lora, strengths, fieldOf(value, 'on') !== false)]
}

/** LoRA Manager: `loras: [{"name": "a", "strength": 0.8, "clipStrength": 1, "active": true}]`, or that in `__value__`. */
function readList(node: GraphNode, input: string, value: JsonValue | undefined): ModelUse[] {
  return objectsIn(listOf(value)).flatMap((item: JsonObject) => {
    const name = textOf(fieldOf(item, 'name'))
    if (name === undefined) return []
    const strengths = [fieldOf(item, 'strength'), fieldOf(item, 'clipStrength')]
    return [loraUse(node, input, name, strengths, fieldOf(item, 'active') !== false)]
  })
}

/** Civitai's selector of LoRAs: `[{"air": "urn:air:…", "strength": 0.8, "on": true}]` as JSON in a text. */
const readRows = (node: GraphNode, input: string, value: JsonValue | undefined): ModelUse[] =>
  objectsIn(parseJson(textOf(value) ?? '')).flatMap((row: JsonObject) => {
    const air = textOf(fieldOf(row, 'air'))
    if (air === undefined || air.trim() === '') return []
    return [loraUse(node, input, air, [fieldOf(row, 'strength')], fieldOf(row, 'on') !== false)]
  })

/** A list as an executed graph has it: bare, or wrapped so that it is not taken for a link. */
export const listOf = (value: JsonValue | undefined): JsonValue | undefined =>
  Array.isArray(value) ? value : fieldOf(value, '__value__')

function loraUse(
  node: GraphNode,
  input: string,
  text: string,
  strengths: readonly (JsonValue | undefined)[],
  isOn: boolean,
): ModelUse {
  const [weight, clipWeight] = strengths.map(toNumber)
  const known = [weight, clipWeight].filter((strength) => strength !== undefined)
  const isZero = known.length > 0 && known.every((strength) => strength === 0)
  return { node, input, text, type: 'lora', weight, clipWeight, on: isOn && !isZero }
}
