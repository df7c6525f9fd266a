/**
 * What an answer calls its file: by its Content-Disposition (RFC 6266 and 8187, and what servers make of them), else by
 * the last part of its address. A stranger's word that may hold anything, slashes included: for `safeFileName`.
 * Undefined where there is none.
 * @param url where the answer came from
 */
export function fileNameOf(headers: Headers, url: string): string | undefined {
  const disposition = headers.get('content-disposition')
  return (disposition === null ? undefined : dispositionName(disposition)) ?? lastPart(url)
}

/** More is cut off: no name is so long. */
const LONGEST_HEADER = 8192

function dispositionName(header: string): string | undefined {
  const parameters = parametersOf(asSent(header.slice(0, LONGEST_HEADER)))
  const names = [decodeExtended(parameters.get('filename*') ?? ''), decodePercent(parameters.get('filename') ?? '')]
  return names.find((name) => name !== undefined && name.trim() !== '')
}

/** The first of each name counts; names in lower case. What stands before the first `;` is the type, unless it has a `=`. */
function parametersOf(header: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (let at = 0; at < header.length; ) {
    const end = endOf(header, at)
    const [, name, value] = /^\s*([^\s=;"]+)\s*=\s*(.*)$/s.exec(header.slice(at, end)) ?? []
    if (name !== undefined && value !== undefined && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), unquoted(value.trim()))
    }
    at = end + 1
  }
  return parameters
}

/** Where the parameter ends that begins at `from`: at a `;` outside of quotes, which not everybody closes. */
function endOf(header: string, from: number): number {
  const semicolon = header.indexOf(';', from)
  const equals = header.indexOf('=', from)
  const quote = header.indexOf('"', equals + 1)
  const isQuoted = equals >= 0 && quote >= 0 && header.slice(equals + 1, quote).trim() === ''
  if (isQuoted && (semicolon < 0 || equals < semicolon)) {
    for (let at = quote + 1; at < header.length; at += 1) {
      if (header[at] === '\\' && isEscaped(header[at + 1])) at += 1
      else if (header[at] === '"') {
        const next = header.indexOf(';', at)
        return next < 0 ? header.length : next
      }
    }
  }
  return semicolon < 0 ? header.length : semicolon
}

/** A backslash before anything else is one of a path of Windows, whatever the standard says. */
const isEscaped = (char: string | undefined): boolean => char === '"' || char === '\\'

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value
  let text = ''
  for (let at = 1; at < value.length && value[at] !== '"'; at += 1) {
    if (value[at] === '\\' && isEscaped(value[at + 1])) at += 1
    text += value[at]
  }
  return text
}

/** `UTF-8'en'na%C3%AFve.gguf`, and without the quotes; undefined where it is damaged: then `filename` counts. */
function decodeExtended(value: string): string | undefined {
  const [, charset = '', encoded = value] = /^([\w.:+-]*)'[^']*'(.*)$/s.exec(value) ?? []
  try {
    // The type knows the usual names only; others throw.
    return new TextDecoder((charset === '' ? 'utf-8' : charset) as 'utf-8', FATAL).decode(percentBytes(encoded))
  } catch {
    return undefined
  }
}

const FATAL = { fatal: true } as const

/** Some send the plain form encoded too; what only looks so stays as it is. */
function decodePercent(name: string): string {
  try {
    return new TextDecoder('utf-8', FATAL).decode(percentBytes(name))
  } catch {
    return name
  }
}

/** Percent signs that begin no byte stand for themselves. */
function percentBytes(text: string): Uint8Array {
  const pieces = text.split(/(%[\da-f]{2})/i)
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 1 ? Buffer.from([Number.parseInt(piece.slice(1), 16)]) : Buffer.from(piece),
    ),
  )
}

/** Headers come as Latin-1, a character for each byte; most servers mean UTF-8. */
function asSent(header: string): string {
  if (!/[\x80-\xff]/.test(header) || /[^\0-\xff]/.test(header)) return header
  try {
    return new TextDecoder('utf-8', FATAL).decode(Buffer.from(header, 'latin1'))
  } catch {
    return header
  }
}

function lastPart(url: string): string | undefined {
  let path: string
  try {
    path = new URL(url).pathname
  } catch {
    return undefined
  }
  const name = decodePercent(path.split('/').findLast((each) => each !== '') ?? '')
  return name.trim() === '' ? undefined : name
}
