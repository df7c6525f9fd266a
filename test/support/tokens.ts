/** One token of TypeScript source, comments left out. A template's `${…}` parts follow it as tokens of their own. */
export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regex' | 'punctuation'
  /** A string's or template's text without quotes; a template with `${…}` keeps only its first part. */
  readonly text: string
  /** False for a template that holds `${…}`: its text is not known before it runs. */
  readonly whole: boolean
  readonly line: number
}

/** After one of these words a slash begins a regular expression, not a division. */
const wordsBeforeRegex = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'await'])

/**
 * Splits source into tokens, well enough to find imports: what stands in comments, strings, templates and regular
 * expressions is never taken for code. (TypeScript 7 has no parser for programs, Bun's drops type-only imports.)
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  /** For each open template: how many braces are open inside its `${…}`. */
  const templates: number[] = []
  let at = 0
  let line = 1

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  const push = (kind: Token['kind'], raw: string, text = raw, whole = true): void => {
    tokens.push({ kind, text, whole, line })
    advance(raw)
  }
  const advance = (raw: string): void => {
    at += raw.length
    line += raw.split('\n').length - 1
  }
  const regexMayStart = (): boolean => {
    const last = tokens.at(-1)
    if (!last) return true
    if (last.kind === 'word') return wordsBeforeRegex.has(last.text)
    return last.kind === 'punctuation' && !')]}'.includes(last.text)
  }
  const pushTemplate = (raw: string, first: boolean): void => {
    const opens = raw.endsWith('${')
    if (first) push('template', raw, raw.slice(1, opens ? -2 : -1), !opens)
    else advance(raw)
    if (opens) templates.push(0)
  }

  while (at < source.length) {
    const skipped = take(/\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y)
    if (skipped !== undefined) {
      advance(skipped)
      continue
    }
    const depth = templates.at(-1)
    const char = source[at] ?? ''
    if (char === '}' && depth === 0) {
      templates.pop()
      pushTemplate(take(/\}(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{)/y) ?? char, false)
      continue
    }
    if (depth !== undefined && (char === '{' || char === '}')) {
      templates[templates.length - 1] = depth + (char === '{' ? 1 : -1)
    }
    const string = take(/'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y)
    const template = take(/`(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{)/y)
    const regex = regexMayStart() ? take(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y) : undefined
    const word = take(/[\p{L}\p{N}_$#@]+/uy)
    if (string !== undefined) push('string', string, string.slice(1, -1))
    else if (template !== undefined) pushTemplate(template, true)
    else if (regex !== undefined) push('regex', regex)
    else if (word !== undefined) push('word', word)
    else push('punctuation', char)
  }
  return tokens
}
