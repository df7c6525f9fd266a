import { type Token, tokenize } from './tokens.ts'

/** One place where a source file names another: how, and what, as written. */
export interface SourceImport {
  readonly kind: 'import' | 'export' | 'dynamic import' | 'require' | 'reference' | 'module declaration'
  /** Undefined where the name is computed when the program runs, so that nobody can say what it is. */
  readonly specifier: string | undefined
  readonly line: number
}

/** Every import of a TypeScript file in the order of the text: values and types, static, re-exported, dynamic, required. */
export function readImports(source: string): SourceImport[] {
  const tokens = tokenize(source)
  const found = tokens.flatMap((token, index): SourceImport[] => {
    const found = importAt(tokens, index)
    return found ? [{ ...found, line: token.line }] : []
  })
  return [...references(source), ...found]
}

function importAt(tokens: readonly Token[], index: number): Omit<SourceImport, 'line'> | undefined {
  const token = tokens[index]
  const next = tokens[index + 1]
  if (token?.kind !== 'word' || !next) return undefined
  const member = is(tokens[index - 1], '.') && !is(tokens[index - 2], '.') // `...require(x)` is a spread, not a member
  const afterMeta = member && is(tokens[index - 2], 'meta')
  if (token.text === 'require' && is(next, '(') && (!member || afterMeta)) {
    return { kind: 'require', specifier: literalArgument(tokens, index + 2) }
  }
  if (member) return undefined
  if (token.text === 'import') {
    if (is(next, '(')) return { kind: 'dynamic import', specifier: literalArgument(tokens, index + 2) }
    if (next.kind === 'string') return { kind: 'import', specifier: next.text }
    const specifier = clauseSource(tokens, index + 1)
    return specifier === undefined ? undefined : { kind: 'import', specifier }
  }
  if (token.text === 'export') {
    const list = is(next, 'type') ? tokens[index + 2] : next
    if (!is(list, '{') && !is(list, '*')) return undefined
    const specifier = clauseSource(tokens, index + 1)
    return specifier === undefined ? undefined : { kind: 'export', specifier }
  }
  if (token.text === 'module' && is(tokens[index - 1], 'declare') && next.kind === 'string') {
    return { kind: 'module declaration', specifier: next.text }
  }
  return undefined
}

/** The string after `from`, where only what may stand in an import or export list comes before it. */
function clauseSource(tokens: readonly Token[], start: number): string | undefined {
  let open = 0
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index]
    const next = tokens[index + 1]
    if (open === 0 && is(token, 'from') && next?.kind === 'string') return next.text
    if (is(token, '{')) open += 1
    else if (is(token, '}')) open -= 1
    else if (token?.kind === 'string' ? open === 0 : token?.kind !== 'word' && !is(token, ',') && !is(token, '*')) {
      return undefined
    }
  }
  return undefined
}

function literalArgument(tokens: readonly Token[], index: number): string | undefined {
  const argument = tokens[index]
  const after = tokens[index + 1]
  if (argument?.kind !== 'string' && argument?.kind !== 'template') return undefined
  return argument.whole && (is(after, ')') || is(after, ',')) ? argument.text : undefined
}

function is(token: Token | undefined, text: string): boolean {
  return token?.text === text && (token.kind === 'word' || token.kind === 'punctuation')
}

function references(source: string): SourceImport[] {
  return [...source.matchAll(/^\/\/\/\s*<reference\s+path=["']([^"']+)["']/gm)].map((match) => ({
    kind: 'reference',
    specifier: match[1],
    line: source.slice(0, match.index).split('\n').length,
  }))
}
