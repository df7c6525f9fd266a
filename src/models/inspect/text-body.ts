import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import { plainText } from './bounded.ts'

/** What a file that holds text instead of a model turned out to be. */
export interface TextBody {
  readonly state: 'html' | 'corrupt'
  /** A sentence. */
  readonly fault: string
  /** What a Git LFS pointer points to. */
  readonly pointer?: { readonly sha256: string; readonly sizeBytes: number }
}

/** Longer texts are no answers of servers. */
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_PLAIN_BYTES = 4096

/** Each comment has one end that it can be read to: with any other the time doubles with every comment of a hostile file. */
const HTML = /^(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype html|html|head|body|script|meta|title)\b/is
const XHTML = /^<(?:\?xml|!doctype)\b.*<html\b/is

/**
 * Text that downloads leave under the name of a model: login pages, answers of storage servers, pointers of Git LFS.
 * Undefined where `head` is no text.
 *
 * @param head at least 4 KiB, or all there is
 * @param rest reads the whole file, where that is short
 * @param plain whether text of any kind is a fault; a pickle of protocol 0 is text too
 * @param quoted whether the fault may repeat what the text says: behind a link there may be a key of this host
 */
export function readTextBody(
  head: Uint8Array,
  sizeBytes: number,
  rest: (length: number) => Uint8Array,
  plain: boolean,
  quoted = true,
): TextBody | undefined {
  const text = decode(head)
  if (text === undefined) return undefined
  if (HTML.test(text) || XHTML.test(text))
    return { state: 'html', fault: `It is a web page${quoted ? titled(text) : ''}` }
  const corrupt = (fault: string): TextBody => ({ state: 'corrupt', fault })
  if (/^<(?:\?xml|error)\b/i.test(text)) {
    const code = quoted ? /<code>([^<]{1,100})<\/code>/i.exec(text)?.[1] : undefined
    return corrupt(code === undefined ? 'It is an XML text' : `It is an answer of a storage server: ${code}`)
  }
  const pointer = lfsPointer(text)
  if (pointer !== undefined) {
    return { ...corrupt('It is a pointer of Git LFS, not the file that it points to'), pointer }
  }
  if (/^[{[]/.test(text) && sizeBytes <= MAX_ANSWER_BYTES) {
    const said = jsonMessage(rest(sizeBytes))
    if (said !== undefined)
      return corrupt(`It is an answer of a server in JSON${said === '' || !quoted ? '' : `: ${said}`}`)
  }
  if (plain && sizeBytes <= MAX_PLAIN_BYTES) {
    return corrupt(quoted ? `It holds text: ${plainText(text, 120) ?? 'blanks only'}` : 'It holds text, not a model')
  }
  return undefined
}

/** Undefined where there are bytes that text does not have. */
function decode(head: Uint8Array): string | undefined {
  const binary = /[^\P{Cc}\t\n\v\f\r]|\ufffd/u
  // The end may lie inside a letter of several bytes: `stream` leaves it out.
  const text = new TextDecoder().decode(head, { stream: true }).trimStart()
  return text === '' || binary.test(text) ? undefined : text
}

function titled(text: string): string {
  const title = plainText(/<title[^>]*>([^<]*)/i.exec(text)?.[1] ?? '', 80)
  return title === undefined ? '' : `: ${title}`
}

function lfsPointer(text: string): TextBody['pointer'] {
  if (!text.startsWith('version https://git-lfs.github.com/spec/')) return undefined
  const sha256 = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1]
  const size = /^size (\d{1,15})$/m.exec(text)?.[1]
  return sha256 === undefined || size === undefined ? undefined : { sha256, sizeBytes: Number(size) }
}

/** What JSON says of an error, empty where it says nothing; undefined where it is no JSON. */
function jsonMessage(bytes: Uint8Array): string | undefined {
  let parsed: JsonValue
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes)) as JsonValue
  } catch {
    return undefined
  }
  const messages = isJsonObject(parsed) ? [parsed.error, parsed.message, parsed.detail] : []
  const told = messages.filter((message): message is string => typeof message === 'string')
  return plainText(told.join(', '), 160) ?? ''
}
