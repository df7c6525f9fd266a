/** A fenced JSON block of a guide: an input of `tool`, or with `result` an answer of it. */
export interface GuideExample {
  readonly tool: string
  readonly kind: 'input' | 'result'
  readonly json: string
}

/** Blocks are written as ```` ```json <tool> ```` or ```` ```json <tool> result ````, indented where they stand in a list. */
export function guideExamples(markdown: string): GuideExample[] {
  const blocks = markdown.matchAll(/^( *)```json (\w+)( result)?\n([\s\S]*?)^\1```$/gm)
  return [...blocks].map(([, , tool = '', result, json = '']) => ({
    tool,
    kind: result === undefined ? 'input' : 'result',
    json,
  }))
}

/** Words in backticks that look like an operation: a verb of the contract, then a noun. */
export function toolNames(markdown: string): string[] {
  const verbs = 'calculate|find|list|create|get|update|delete|fetch|match|sync|import|scan|verify|request|cancel|retry'
  const words = markdown.matchAll(new RegExp(`\`((?:${verbs})_[a-z0-9_]+)\``, 'g'))
  return [...new Set([...words].map(([, name = '']) => name))]
}
