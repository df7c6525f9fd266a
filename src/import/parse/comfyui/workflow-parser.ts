import { isJsonObject, type JsonValue } from '../../../lib/json.ts'
import { createFindings, TRUST } from '../../mention.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import type { ParseContext, ParsedSource, ParserInput, PromptParser } from '../parser.ts'
import { WORKFLOW_PLACE } from './frames.ts'
import { readGraphGeneration } from './generation.ts'
import { readNodes } from './read-nodes.ts'
import { toGraph } from './workflow.ts'

/** The workflow of ComfyUI's editor, which may hold more than was executed. */
export const comfyuiWorkflow: PromptParser = { format: 'comfyui', fields: ['nodes'], detect, parse }

/** Nodes that are looked at to tell whose they are: other programs have `nodes` too. */
const MOST_LOOKED_AT = 20

function detect(input: ParserInput): number {
  const root = input.json()
  const listed = fieldOf(root, 'nodes')
  if (!Array.isArray(listed)) return 0
  const nodes = objectsIn(listed.slice(0, MOST_LOOKED_AT))
  const links = fieldOf(root, 'links')
  if (listed.length === 0) return links === undefined ? 0 : isCounted(root) ? 0.9 : hasLinks(links) ? 0.6 : 0
  if (!nodes.some((node) => textOf(fieldOf(node, 'type')) !== undefined)) return 0
  if (isCounted(root) || hasLinks(links)) return 0.9
  const isOurs = nodes.some((node) => OWN_FIELDS.some((name) => fieldOf(node, name) !== undefined))
  // Editors of others join their nodes by edges.
  return isOurs && fieldOf(root, 'edges') === undefined ? 0.6 : 0
}

const OWN_FIELDS = ['widgets_values', 'mode', 'properties', 'inputs']

/** `last_node_id` and `version: 0.4`, or `state: {lastNodeId}` and `version: 1`. */
const isCounted = (root: unknown): boolean =>
  fieldOf(root, 'last_node_id') !== undefined ||
  typeof fieldOf(root, 'version') === 'number' ||
  fieldOf(fieldOf(root, 'state'), 'lastNodeId') !== undefined

/** A list of links that are lists, or objects with an `origin_id`; other programs have `source` and `target`. */
function hasLinks(links: JsonValue | undefined): boolean {
  if (!Array.isArray(links)) return isJsonObject(links)
  return links.length === 0 || Array.isArray(links[0]) || fieldOf(links[0], 'origin_id') !== undefined
}

function parse(input: ParserInput, context: ParseContext): ParsedSource {
  const root = input.json()
  const findings = createFindings()
  const { graph } = toGraph(isJsonObject(root) ? root : {}, context, findings.warn)
  if (objectsIn(fieldOf(root, 'nodes')).length === 0)
    findings.warn(WORKFLOW_PLACE, 'this workflow is empty: it has no nodes')
  readNodes(graph, findings, context)
  return {
    format: 'comfyui',
    trust: TRUST.editor,
    mentions: findings.mentions,
    generation: readGraphGeneration(graph),
    warnings: findings.warnings,
  }
}
