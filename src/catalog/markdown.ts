import MarkdownIt, { type Token } from 'markdown-it'
import { MAX_BLOCKS } from './limits.ts'

/** A code block that may hold commands. */
export interface CodeBlock {
  readonly code: string
  /** Line of the body, from 0, at which `code` begins. */
  readonly line: number
  /** Text of the heading above it. */
  readonly heading: string | undefined
}

export interface CodeBlocks {
  readonly blocks: readonly CodeBlock[]
  /** A backslash stands before fences, as in templates and documentation: they were read all the same. */
  readonly hasEscapedFences: boolean
  /** A paragraph begins as a command does. */
  readonly hasLooseCommands: boolean
}

/** Blocks alone: what stands inside of paragraphs is of no interest, and costs most. */
const parser = new MarkdownIt('commonmark')
parser.core.ruler.enableOnly(['normalize', 'block'])

/** First words behind a fence that stand for a shell, or for nothing; any other is another language. */
const SHELL =
  /^(?:|bash|sh|shell|zsh|ksh|dash|ash|fish|console|shell-?session|sh-session|bash-session|terminal|command(?:-line|s)?|cmd|cli|text|txt|plain|plaintext)$/
const ESCAPED_FENCE = /^( {0,3})\\(?=`{3}|~{3})/
const FENCE = /^ {0,3}(?:`{3}|~{3})/m

const LOOSE =
  /^[ \t]{0,20}`{0,2}(?:\$ )?(?:civitdl|wget|aria2c|curl -|hf download|huggingface-cli download)[ \t]{1,9}\S/m

/** The code blocks of a CommonMark text in which commands may stand: fenced as a shell's or as nothing, or indented. */
export function findCodeBlocks(body: string): CodeBlocks {
  const asWritten = parser.parse(body, {})
  const unescaped = /^ {0,3}\\(?:`{3}|~{3})/m.test(body) ? unescapeFences(body, asWritten) : undefined
  const tokens = unescaped === undefined ? asWritten : parser.parse(unescaped, {})
  return {
    blocks: toBlocks(tokens),
    hasEscapedFences: unescaped !== undefined,
    hasLooseCommands: tokens.some(({ type, content }) => type === 'inline' && LOOSE.test(content)),
  }
}

/** Undefined where every one stands inside of a block that shows it. */
function unescapeFences(body: string, tokens: readonly Token[]): string | undefined {
  const shown = new Set<number>()
  for (const { type, map } of tokens) {
    if (map === null || (type !== 'fence' && type !== 'code_block')) continue
    for (let line = map[0]; line < map[1]; line += 1) shown.add(line)
  }
  let changed = false
  const lines = body.split('\n').map((line, at) => {
    if (shown.has(at) || !ESCAPED_FENCE.test(line)) return line
    changed = true
    return line.replace(ESCAPED_FENCE, '$1')
  })
  return changed ? lines.join('\n') : undefined
}

function toBlocks(tokens: readonly Token[], isInner = false): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let heading: string | undefined
  for (const [at, { type, map, info, content }] of tokens.entries()) {
    if (type === 'heading_open') heading = tokens[at + 1]?.content
    if (map === null || blocks.length >= MAX_BLOCKS) continue
    if (type === 'fence' && SHELL.test(languageOf(info))) blocks.push({ code: content, line: map[0] + 1, heading })
    if (type !== 'code_block') continue
    // Inside of tabs and notes of some sites fences are indented.
    const inner = !isInner && FENCE.test(content) ? toBlocks(parser.parse(content, {}), true) : []
    if (inner.length === 0) blocks.push({ code: content, line: map[0], heading })
    else blocks.push(...inner.map((block) => ({ ...block, line: block.line + map[0], heading })))
  }
  return blocks
}

/** `bash`, `{.bash}`, `Bash title="x"`. */
const languageOf = (info: string): string =>
  (info.trim().split(/[\s,]/, 1)[0] ?? '').replace(/^\{?\.?|\}$/g, '').toLowerCase()
