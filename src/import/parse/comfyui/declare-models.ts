import type { JsonValue } from '../../../lib/json.ts'
import { hasModelExtension } from '../../model-name.ts'
import { fileKey, textsIn } from './declared-models.ts'
import type { DeclaredModel, Graph, GraphNode } from './graph.ts'

/**
 * Gives each node what the whole workflow declares about the files that it names. Addresses in notes count for files
 * that nothing else gives an address to.
 */
export function declareModels(
  nodes: ReadonlyMap<string, GraphNode>,
  declared: readonly DeclaredModel[],
  notes: ReadonlyMap<string, string>,
): { graph: Graph; declared: DeclaredModel[] } {
  if (declared.length === 0 && notes.size === 0) return { graph: nodes, declared: [] }
  const byKey = new Map<string, DeclaredModel[]>()
  for (const model of declared) {
    const key = fileKey(model.name)
    const models = byKey.get(key)
    if (models === undefined) byKey.set(key, [model])
    else if (models.length < MOST_OF_ONE_NAME) models.push(model)
  }
  const hints = new Map<string, DeclaredModel>()
  const graph = new Map<string, GraphNode>()
  for (const [id, node] of nodes) {
    const more = [...filesOf(node, nodes)].flatMap((name): readonly DeclaredModel[] => {
      const key = fileKey(name)
      const models = byKey.get(key) ?? []
      const url = notes.get(key)
      if (url === undefined || [...node.declared, ...models].some((model) => fileKey(model.name) === key && model.url))
        return models
      const hint: DeclaredModel = hints.get(name) ?? { name, url, isHint: true }
      hints.set(name, hint)
      return [...models, hint]
    })
    graph.set(id, more.length === 0 ? node : { ...node, declared: [...node.declared, ...more] })
  }
  return { graph, declared: [...declared, ...hints.values()] }
}

const MOST_OF_ONE_NAME = 20
/** A node that only hands a name on has few inputs; the others are not searched for each node that they feed. */
const MOST_HANDED = 20

/** Names of model files among a node's values, and those that another node hands to it. */
function filesOf(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): Set<string> {
  const files = new Set<string>()
  const add = (value: JsonValue): void => {
    for (const text of textsIn(value)) if (hasModelExtension(text)) files.add(text)
  }
  for (const value of Object.values(node.inputs)) {
    add(value)
    const source = Array.isArray(value) && typeof value[0] === 'string' ? nodes.get(value[0]) : undefined
    const handed = Object.values(source?.inputs ?? {})
    if (handed.length <= MOST_HANDED) handed.forEach(add)
  }
  return files
}
