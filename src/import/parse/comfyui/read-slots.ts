import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from '../json.ts'
import type { GraphNode } from './graph.ts'
import type { ModelUse } from './model-use.ts'

/** LoRAs in shapes that tell by themselves what they are, whatever the class of the node. */
export const readSlots = (node: GraphNode): ModelUse[] =>
  entriesOf(node.inputs).flatMap(([input, value]) =>
    typeof value === 'object' && value !== null
      ? [...readSlot(node, input, value), ...readList(node, input, value)]
      : [],
  )

/** rgthree's Power Lora Loader: `lora_1: {"on": true, "lora": "a.safetensors", "strength": 0.8, "strengthTwo": null}`. */
function readSlot(node: GraphNode, input: string, value: JsonValue): ModelUse[] {
  const lora = textOf(fieldOf(value, 'lora'))
  if (lora === undefined) return []
  const strengths = [fieldOf(value, 'strength'), fieldOf(value, 'strengthTwo')]
  return [loraUse(node, input, lora, strengths, fieldOf(value, 'on') !== false)]
}

/** LoRA Manager: `loras: [{"name": "a", "strength": 0.8, "clipStrength": 1, "active": true}]`, or that in `__value__`. */
function readList(node: GraphNode, input: string, value: JsonValue): ModelUse[] {
  if (input !== 'loras') return []
  return objectsIn(listOf(value)).flatMap((item: JsonObject) => {
    const name = textOf(fieldOf(item, 'name'))
    if (name === undefined) return []
    const strengths = [fieldOf(item, 'strength'), fieldOf(item, 'clipStrength')]
    return [loraUse(node, input, name, strengths, fieldOf(item, 'active') !== false)]
  })
}

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
  const known = strengths.map(toNumber).filter((strength) => strength !== undefined)
  const isZero = known.length > 0 && known.every((strength) => strength === 0)
  return { node, input, text, type: 'lora', weight: known[0], on: isOn && !isZero }
}
