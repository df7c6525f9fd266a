import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { hasModelExtension } from '../model-name.ts'
import { readReference } from '../reference.ts'
import { isSaver, onlyTypeOf, typeByWords } from './comfyui-loaders.ts'
import { fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * The workflow of ComfyUI's editor. Its widgets have no names, so every value that ends like a model file
 * counts; where the executed graph is there too, that one decides what was used.
 */
export const comfyuiWorkflow: PromptParser = { format: 'comfyui', detect, parse }

function detect(input: ParserInput): number {
  const nodes = objectsIn(nodesOf(input.json()))
  if (nodes.length === 0 || textOf(fieldOf(nodes[0], 'type')) === undefined) return 0
  return fieldOf(input.json(), 'links') === undefined ? 0.6 : 0.9
}

const nodesOf = (value: unknown): JsonValue | undefined =>
  fieldOf(value, 'nodes') ?? fieldOf(fieldOf(value, 'workflow'), 'nodes')

/** Node modes that keep a node from running: 2 muted, 4 bypassed. */
const OFF = new Set<unknown>([2, 4])

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const findings = createFindings()
  for (const node of objectsIn(nodesOf(root))) readNode(node, findings)
  const holder = fieldOf(root, 'nodes') === undefined ? fieldOf(root, 'workflow') : root
  if (objectsIn(fieldOf(fieldOf(holder, 'definitions'), 'subgraphs')).length > 0) {
    findings.warn('comfyui:workflow', 'models inside its subgraphs are not read')
  }
  return {
    format: 'comfyui',
    trust: TRUST.editor,
    mentions: findings.mentions,
    generation: { software: 'ComfyUI' },
    warnings: findings.warnings,
  }
}

function readNode(node: JsonObject, findings: Findings): void {
  const className = textOf(fieldOf(node, 'type')) ?? ''
  if (isSaver(className)) return
  const id = fieldOf(node, 'id')
  const place = `comfyui:workflow node ${typeof id === 'number' || typeof id === 'string' ? id : '?'}`
  const off = OFF.has(fieldOf(node, 'mode'))
  for (const value of widgetTexts(fieldOf(node, 'widgets_values'))) {
    const type = onlyTypeOf(className) ?? typeByWords(className)
    findings.add({
      type,
      ...readReference(value, place, findings),
      ...(off ? { active: false } : {}),
      evidence: [place],
    })
  }
}

/** File names among the widgets' values, which are a list or an object, and in objects one level down. */
function widgetTexts(values: JsonValue | undefined): string[] {
  const top = typeof values === 'object' && values !== null ? Object.values(values) : []
  const inner = objectsIn(top)
    .filter((slot) => fieldOf(slot, 'on') !== false)
    .map((slot) => fieldOf(slot, 'lora'))
  return [...top, ...inner].filter((value) => typeof value === 'string').filter(hasModelExtension)
}
