import { mergeGeneration } from '../../generation.ts'
import { createFindings, type Findings, TRUST } from '../../mention.ts'
import type { ParseContext, ParsedSource, ParserInput, PromptParser } from '../parser.ts'
import { readGraphGeneration } from './generation.ts'
import type { Graph } from './graph.ts'
import { isWhole } from './is-whole.ts'
import { readOnSite } from './on-site.ts'
import { findUnused } from './reachability.ts'
import { readGraph } from './read-graph.ts'
import { readNodes } from './read-nodes.ts'
import { readUnknownNodes } from './unknown-nodes.ts'

/** ComfyUI's API graph: what was executed. Muted and bypassed nodes are not in it. */
export const comfyuiGraph: PromptParser = { format: 'comfyui', detect, parse }

function detect(input: ParserInput): number {
  const graph = readGraph(input.json())
  if (graph === undefined) return 0
  return graph.size > 1 ? 0.95 : 0.8
}

function parse(input: ParserInput, context: ParseContext): ParsedSource {
  const root = input.json()
  const graph: Graph = readGraph(root) ?? new Map()
  const findings = createFindings()
  readNodes(graph, findings, context, findUnused(graph))
  // What a user of Civitai's generator asked for says more than the texts that it put into the graph.
  const asked = readOnSite(root, findings)
  const whole = isClear(findings) && isWhole(graph, context)
  return {
    format: 'comfyui',
    trust: TRUST.executed,
    isWhole: whole,
    ...(whole ? {} : { unknown: readUnknownNodes(graph, context) }),
    mentions: findings.mentions,
    generation: mergeGeneration(asked, readGraphGeneration(graph)),
    warnings: findings.warnings,
  }
}

/** A part of a graph, which loads nothing by itself, says nothing of what was loaded. */
const isClear = ({ mentions, warnings }: Findings): boolean =>
  warnings.length === 0 && mentions.some(({ trust }) => trust === undefined)
