const EXTENDED = /;\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)/i
const QUOTED = /;\s*filename\s*=\s*"((?:[^"\\]|\\.){0,1000})"/i
const BARE = /;\s*filename\s*=\s*([^;\s"]{1,1000})/i
const LONGEST_HEADER = 4_000

/**
 * The name that a `Content-Disposition` gives (https://www.rfc-editor.org/rfc/rfc6266), `filename*` before `filename`.
 * A stranger's word, with whatever folders and characters it was sent: never to be used as a path.
 */
export function dispositionFilename(header: string | null): string | undefined {
  if (header === null || header.length > LONGEST_HEADER) return undefined
  const [, charset, encoded] = EXTENDED.exec(header) ?? []
  const extended = encoded === undefined ? undefined : decode(encoded, charset)
  if (extended !== undefined) return extended
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1')
  const name = (quoted ?? BARE.exec(header)?.[1])?.trim()
  return name === undefined || name === '' ? undefined : asUtf8(name)
}

function decode(encoded: string, charset: string | undefined): string | undefined {
  if (charset?.toLowerCase() === 'iso-8859-1') {
    return encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

/** Header bytes arrive as Latin-1; servers send UTF-8. */
function asUtf8(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  try {
    return bytes.toString('latin1') === text ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : text
  } catch {
    return text
  }
}
