import type { DependencyGraph, GraphEdge, GraphNode } from './build-graph.ts'

/** Mermaid draws no more than some hundred edges by itself. */
const MAX_NODES = 400
const MAX_CANDIDATES = 5
const MAX_LABEL = 80

/** The graph as a Mermaid flowchart. Names are strangers' words: in a label they can end nothing and begin nothing. */
export function toMermaid({ nodes, edges }: DependencyGraph): string {
  const shown = nodes
    .filter(({ kind, id }) => kind !== 'candidate' || Number(/\d+$/.exec(id)?.[0]) < MAX_CANDIDATES)
    .slice(0, MAX_NODES)
  const ids = new Set(shown.map(({ id }) => id))
  const left = nodes.length - shown.length
  return [
    'flowchart LR',
    ...shown.map((node) => `  ${node.id}${shaped(node)}`),
    ...(left === 0 ? [] : [`  more["and ${left} more"]`]),
    ...edges.filter(({ from, to }) => ids.has(from) && ids.has(to)).map((edge) => `  ${toLine(edge, shown)}`),
    '',
  ].join('\n')
}

function shaped(node: GraphNode): string {
  const label = `"${labelOf(node)}"`
  if (node.kind === 'prompt' || node.kind === 'asset') return `([${label}])`
  return node.kind === 'candidate' ? `(${label})` : `[${label}]`
}

function labelOf({ kind, type, name, status, reason_code, source, node, why }: GraphNode): string {
  if (kind === 'prompt' || kind === 'asset') return escapeLabel(name)
  if (kind === 'candidate') return `${escapeLabel(name)}<br/>${escapeLabel(why ?? '')}`
  const where = node ?? source
  const state = [status ?? '', ...(reason_code === undefined ? [] : [reason_code])].join(': ')
  return `${escapeLabel(`${type ?? ''}: ${name}`)}<br/>${escapeLabel(where === undefined ? state : `${state}, ${where}`)}`
}

function toLine({ from, to, kind, weight }: GraphEdge, nodes: readonly GraphNode[]): string {
  if (kind === 'candidate') return `${from} -.-> ${to}`
  if (kind === 'base') return `${from} -->|base| ${to}`
  const isOff = nodes.some(({ id, active }) => id === to && active === false)
  const arrow = isOff ? '-.->' : '-->'
  const label = [...(isOff ? ['off'] : []), ...(weight === undefined ? [] : [String(weight)])].join(' ')
  return label === '' ? `${from} ${arrow} ${to}` : `${from} ${arrow}|"${escapeLabel(label)}"| ${to}`
}

/** Letters, digits and a little punctuation stand for themselves, all else as `#<code>;`, which Mermaid shows again. */
export function escapeLabel(text: string): string {
  const characters = Array.from(text.toWellFormed().replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu, ' '))
  const cut = characters.length > MAX_LABEL ? [...characters.slice(0, MAX_LABEL - 1), '…'] : characters
  return cut.map((one) => (/^[\p{L}\p{N} .,:_/-]$/u.test(one) ? one : `#${one.codePointAt(0)};`)).join('')
}
