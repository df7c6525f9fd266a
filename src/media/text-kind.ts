/** What a text is, from its beginning. Only texts come here: see looksLikeText. */
export interface TextKind {
  readonly description: string
  readonly mime: string
  readonly image: boolean
}

const kind = (description: string, mime: string, image = false): TextKind => ({ description, mime, image })

const HTML = /^<(?:!doctype\s+html|html|head|body|script|style|title|meta|div)\b/i

/** `start` is the head of the file as text, without leading white space. */
export function sniffText(start: string): TextKind {
  if (start.startsWith('version https://git-lfs.github.com/')) return kind('a Git LFS pointer', 'text/plain')
  if (start.startsWith('#!')) return kind('a script', 'text/plain')
  if (start.startsWith('<')) return sniffMarkup(start)
  if (/^[[{]\s*(?:["{[\]}\d-]|true|false|null)/.test(start)) return kind('a JSON document', 'application/json')
  return kind('plain text', 'text/plain')
}

function sniffMarkup(start: string): TextKind {
  const root = withoutProlog(start)
  if (HTML.test(root)) return kind('an HTML page', 'text/html')
  if (/^<svg[\s>/]/i.test(root)) return kind('an SVG image', 'image/svg+xml', true)
  return start.startsWith('<?xml') || /^<[A-Za-z]/.test(root)
    ? kind('an XML document', 'application/xml')
    : kind('plain text', 'text/plain')
}

/** Takes XML declarations, comments and document types other than HTML off the front. */
function withoutProlog(text: string): string {
  let rest = text
  for (;;) {
    const end = rest.startsWith('<!--') ? '-->' : /^(?:<\?|<!doctype(?!\s+html))/i.test(rest) ? '>' : undefined
    if (end === undefined) return rest
    const at = rest.indexOf(end)
    if (at < 0) return ''
    rest = rest.slice(at + end.length).trimStart()
  }
}
