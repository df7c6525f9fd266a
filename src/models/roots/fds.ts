/**
 * Values of a file in Frenetic Data Syntax (SwarmUI's settings), keyed by their path: `Paths.ModelRoot` → `Models`.
 * Sections are told by indentation, `#` begins a comment line, `:` ends a key; escapes: `\s` backslash, `\t`, `\n`,
 * `\r`, `\x` nothing, in keys also `\d` `.`, `\c` `:`, `\e` `=`. Lists and binary values are left out.
 */
export function readFds(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const sections: { readonly indent: number; readonly key: string }[] = []
  for (const line of text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll('\t', '    ').split('\n')) {
    const content = line.trim()
    if (content === '' || /^[#\-=>]/.test(content)) continue
    const indent = line.length - line.trimStart().length
    const separator = content.search(/[:=]/)
    if (separator < 1 || content[separator] === '=') continue
    while ((sections.at(-1)?.indent ?? -1) >= indent) sections.pop()
    const key = unescapeKey(content.slice(0, separator))
    const value = content.slice(separator + 1).trim()
    if (value === '') sections.push({ indent, key })
    else values.set([...sections.map((section) => section.key), key].join('.'), unescapeValue(value))
  }
  return values
}

const unescapeValue = (text: string): string =>
  text
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .replaceAll('\\r', '\r')
    .replaceAll('\\x', '')
    .replaceAll('\\s', '\\')

const unescapeKey = (text: string): string =>
  unescapeValue(text.replaceAll('\\d', '.').replaceAll('\\c', ':').replaceAll('\\e', '='))
