import type { JsonValue } from '../../../lib/json.ts'
import { entriesOf, fieldOf, parseJson, textOf } from '../json.ts'
import type { GraphNode } from './graph.ts'

/** The address that Civitai's selector of models hands on by one of its outputs, and the input that has it. */
export function selectedAir(node: GraphNode, slot: number): { input: string; value: JsonValue } | undefined {
  const pinned = resourcesOf(node).bySlot.get(String(slot))
  if (pinned !== undefined) return { input: 'resources_json', value: pinned }
  // Behind 0 and 1 come further files of the model (text encoders, VAE), which its own address does not tell apart.
  const air = slot <= 1 ? textOf(fieldOf(node.inputs, 'air')) : undefined
  return air === undefined ? undefined : { input: 'air', value: air }
}

interface Resources {
  readonly bySlot: ReadonlyMap<string, string>
  readonly all: readonly string[]
}

const MOST_RESOURCES = 100

/** Kept, because many inputs may be wired to one selector. */
const known = new WeakMap<GraphNode, Resources>()

/** `resources_json`: `{"bySlot": {"1": "urn:air:…"}, "all": ["urn:air:…"]}`. */
export function resourcesOf(node: GraphNode): Resources {
  const found = known.get(node)
  if (found !== undefined) return found
  const json = parseJson(textOf(fieldOf(node.inputs, 'resources_json')) ?? '')
  const all = fieldOf(json, 'all')
  const resources: Resources = {
    bySlot: new Map(
      entriesOf(fieldOf(json, 'bySlot'))
        .slice(0, MOST_RESOURCES)
        .flatMap(([slot, air]) => (typeof air === 'string' && air !== '' ? [[slot, air] as const] : [])),
    ),
    all: (Array.isArray(all) ? all : []).slice(0, MOST_RESOURCES).filter((air) => typeof air === 'string'),
  }
  known.set(node, resources)
  return resources
}
