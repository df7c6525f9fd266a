import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { fieldOf } from '../json.ts'
import type { ParseContext } from '../parser.ts'
import { declareModels } from './declare-models.ts'
import { readDeclaredModels } from './declared-models.ts'
import { createDefinitions } from './definitions.ts'
import type { EditorNode } from './editor-node.ts'
import { expand, type Frame, MAX_VALUES, placeOf, type Warn, WORKFLOW_PLACE } from './frames.ts'
import type { DeclaredModel, Graph, GraphNode } from './graph.ts'
import { createNamedWidgets, type NamedWidgets, wrapped } from './name-widgets.ts'
import { isNote, readNotes } from './notes.ts'
import { createLinkResolver, isVirtual, type LinkResolver } from './resolve-links.ts'

/**
 * The editor's workflow as the graph that it would be executed as, with muted and bypassed nodes still in it:
 * widgets have names, subgraphs and group nodes are taken apart, links end at nodes that run.
 * `declared`: models that the workflow or a note names with an address; those of a node's own files stand there as well.
 */
export function toGraph(
  workflow: JsonObject,
  context: ParseContext,
  warn: Warn,
): { graph: Graph; declared: DeclaredModel[] } {
  const names = createNamedWidgets(context.comfyNodes)
  const definitions = createDefinitions(workflow)
  const frames = expand(workflow, definitions, names, warn)
  const links = createLinkResolver()
  const nodes = new Map<string, GraphNode>()
  const notes: EditorNode[] = []
  const declared = [workflow, ...definitions.sources].flatMap((source) => readDeclaredModels(fieldOf(source, 'models')))
  let values = 0
  for (const frame of frames) {
    for (const node of frame.sheet.nodes.values()) {
      if (!frame.isLate) values += node.cost
      if (values > MAX_VALUES && !frame.isLate) continue
      if (isNote(node.type)) notes.push(node)
      if (frame.inner.has(node.key)) declared.push(...node.declared)
      else if (!isVirtual(node.type)) addNode(nodes, frame, node, names, links)
    }
  }
  if (values > MAX_VALUES) warn(WORKFLOW_PLACE, `its nodes hold more than ${MAX_VALUES} values; the rest is left out`)
  return declareModels(nodes, declared, readNotes(notes))
}

function addNode(
  nodes: Map<string, GraphNode>,
  frame: Frame,
  node: EditorNode,
  names: NamedWidgets,
  links: LinkResolver,
): void {
  const id = frame.prefix + node.key
  nodes.set(id, {
    id,
    className: node.type,
    inputs: inputsOf(frame, node, names, links),
    place: placeOf(frame, node),
    active: frame.active && node.mode === 'on',
    declared: node.declared,
  })
}

/** What the widgets say, what a box around them says instead, and above all what is wired to them. */
function inputsOf(frame: Frame, node: EditorNode, names: NamedWidgets, links: LinkResolver): JsonObject {
  const inputs = new Map<string, JsonValue>(names.of(node))
  for (const [name, value] of frame.given.widgets.get(node.key) ?? []) inputs.set(name, wrapped(value))
  for (const slot of node.inputs) {
    const source = links.source(frame, node, slot)
    const name = slot.widget ?? slot.name
    if (source?.kind === 'node') inputs.set(name, [source.id, source.slot])
    if (source?.kind === 'value') inputs.set(name, wrapped(source.value))
    if (source?.kind === 'cut') inputs.delete(name)
  }
  for (const [name, value] of inputs) if (value === null) inputs.delete(name)
  return Object.fromEntries(inputs)
}
