/** One cell: its value, and what stands in the file. Texts are bytes, one character each. */
export interface CsvCell {
  readonly value: string
  readonly raw: string
}

export interface CsvLine {
  readonly cells: readonly CsvCell[]
  /** `\r\n`, `\n`, or nothing behind the last. */
  readonly end: string
}

const QUOTED = /"(?:[^"]|"")*"?[^,\r\n]*/y
const BARE = /[^,\r\n]*/y
const END = /\r\n|\n|\r/y

/** The rows of a table as they stand there. Written in their order, they give the same text again. */
export function parseLines(text: string): CsvLine[] {
  const lines: CsvLine[] = []
  let at = 0
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }
  while (at < text.length) {
    const cells: CsvCell[] = []
    do {
      const raw = take(text[at] === '"' ? QUOTED : BARE)
      cells.push({ raw, value: raw.startsWith('"') ? raw.slice(1).replace(/"$/, '').replaceAll('""', '"') : raw })
    } while (text[at] === ',' && ++at > 0)
    lines.push({ cells, end: take(END) })
  }
  return lines
}
