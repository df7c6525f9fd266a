import type { JsonValue } from '../../../lib/json.ts'
import type { Findings } from '../../mention.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from '../json.ts'
import { addModelsIn } from './models-in.ts'
import { addPromptNames } from './prompt-names.ts'

/** The graph that was executed: `{"id": …, "nodes": {"<id>": {"type": …}}, "edges": […]}`. */
export const looksLikeGraph = (value: unknown): boolean =>
  Array.isArray(fieldOf(value, 'edges')) &&
  entriesOf(fieldOf(value, 'nodes')).some(([, node]) => textOf(fieldOf(node, 'type')) !== undefined)

/** The editor's workflow, each of whose nodes has its inputs in `data`. */
export const looksLikeWorkflow = (value: unknown): boolean =>
  Array.isArray(fieldOf(value, 'edges')) &&
  objectsIn(fieldOf(value, 'nodes')).some((node) => entriesOf(fieldOf(fieldOf(node, 'data'), 'inputs')).length > 0)

/** A value that is wired to another node is left over from before it was. */
export function addGraph(graph: unknown, findings: Findings): void {
  const wired = wiredFields(graph, (edge) => [
    fieldOf(fieldOf(edge, 'destination'), 'node_id'),
    fieldOf(fieldOf(edge, 'destination'), 'field'),
  ])
  for (const [id, node] of entriesOf(fieldOf(graph, 'nodes'))) {
    const place = `invokeai:graph node ${id.slice(0, 40)}`
    const inputs = entriesOf(node).filter(([field]) => !wired.has(`${id} ${field}`))
    addNode(Object.fromEntries(inputs), place, findings)
    addUpscaler(node, place, findings)
  }
}

/** Inputs hold their value in `value`. */
export function addWorkflow(workflow: unknown, findings: Findings): void {
  const wired = wiredFields(workflow, (edge) => [fieldOf(edge, 'target'), fieldOf(edge, 'targetHandle')])
  for (const node of objectsIn(fieldOf(workflow, 'nodes'))) {
    const id = textOf(fieldOf(node, 'id')) ?? ''
    const place = `invokeai:workflow node ${id.slice(0, 40)}`
    const inputs = entriesOf(fieldOf(fieldOf(node, 'data'), 'inputs')).flatMap(([field, input]) => {
      const value = fieldOf(input, 'value')
      return value === undefined || wired.has(`${id} ${field}`) ? [] : [[field, value] as const]
    })
    addNode(Object.fromEntries(inputs), place, findings)
  }
}

function wiredFields(
  graph: unknown,
  targetOf: (edge: JsonValue) => readonly (JsonValue | undefined)[],
): ReadonlySet<string> {
  const edges = fieldOf(graph, 'edges')
  return new Set(Array.isArray(edges) ? edges.map((edge) => targetOf(edge).map(String).join(' ')) : [])
}

const PROMPT_FIELDS = new Set(['prompt', 'style', 'positive_prompt', 'negative_prompt'])

function addNode(inputs: { [field: string]: JsonValue }, place: string, findings: Findings): void {
  addModelsIn(inputs, '', place, findings)
  for (const [field, value] of Object.entries(inputs)) {
    if (PROMPT_FIELDS.has(field) && typeof value === 'string') addPromptNames(value, place, findings)
  }
}

/** The node that enlarges with Real-ESRGAN fetches the file that it names. */
function addUpscaler(node: JsonValue, place: string, findings: Findings): void {
  const name = textOf(fieldOf(node, 'model_name'))
  if (fieldOf(node, 'type') === 'esrgan' && name !== undefined) {
    findings.add({ type: 'upscaler', name, optional: true, evidence: [place] })
  }
}
