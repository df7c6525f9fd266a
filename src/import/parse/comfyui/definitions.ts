import type { JsonObject } from '../../../lib/json.ts'
import { remembered } from '../../remembered.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { groupName, readGroupNodes, readGroupSheet } from './group-nodes.ts'
import { readSheet, type Sheet } from './sheet.ts'

/** What the boxes of a workflow may stand for. */
export interface Definitions {
  /** The inside of a box of this type; undefined for the type of a plain node, and where the workflow has none of it. */
  inside(type: string): Inside | undefined
  /** Whether the type is that of a subgraph or group, defined or not. */
  isContainer(type: string): boolean
  /** Models that subgraphs declare. */
  readonly sources: readonly JsonObject[]
}

export interface Inside {
  readonly kind: 'subgraph' | 'group'
  readonly sheet: Sheet
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const isNameOfContainer = remembered((type) => UUID.test(type) || groupName(type) !== undefined)

/** More subgraphs than this are nobody's work. */
const MAX_SUBGRAPHS = 10_000

export function createDefinitions(workflow: JsonObject): Definitions {
  const subgraphs = findSubgraphs(workflow)
  const groups = readGroupNodes(workflow)
  const read = new Map<string, Inside | undefined>()
  const find = (type: string): Inside | undefined => {
    const subgraph = subgraphs.get(type)
    if (subgraph !== undefined) return { kind: 'subgraph', sheet: readSheet(subgraph) }
    const group = groups.get(groupName(type) ?? '')
    return group === undefined ? undefined : { kind: 'group', sheet: readGroupSheet(group) }
  }
  return {
    sources: [...subgraphs.values()],
    isContainer: (type) => subgraphs.has(type) || isNameOfContainer(type),
    inside(type) {
      if (!read.has(type)) read.set(type, find(type))
      return read.get(type)
    },
  }
}

/** `definitions.subgraphs`, and those within them: their ids count in the whole workflow. */
function findSubgraphs(workflow: JsonObject): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>()
  const holders = [workflow]
  for (const holder of holders) {
    for (const subgraph of objectsIn(fieldOf(fieldOf(holder, 'definitions'), 'subgraphs'))) {
      if (holders.length > MAX_SUBGRAPHS) return found
      const id = textOf(fieldOf(subgraph, 'id'))
      if (id !== undefined && !found.has(id)) found.set(id, subgraph)
      holders.push(subgraph)
    }
  }
  return found
}
