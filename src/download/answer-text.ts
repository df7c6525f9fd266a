import { quoteOf } from '../net/redact.ts'

/** Text that a server sent in the place of a file, for people: `a web page ("Sign in")`. */
export interface AnswerText {
  readonly kind: 'page' | 'xml' | 'json' | 'pointer' | 'text'
  readonly what: string
}

export interface AnswerHints {
  /** As the server calls it. */
  readonly contentType?: string | undefined
  /** Name that the file will have: a `.json` may well be JSON. */
  readonly name?: string | undefined
}

/** Each comment has one end that it can be read to: with any other the time doubles with every comment of a hostile text. */
const HTML = /^(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype html|html|head|body|script|meta|title)\b/is
const XHTML = /^<(?:\?xml|!doctype)\b.*<html\b/is
const XML = /^<(?:\?xml|error)\b/i
const JSON_ERROR = /^\{\s*"(?:error|errors|message|detail|code|status|title|success|error_id)"\s*:/
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\//

/** Endings of files that are bytes and never text; those of pickles are not here, whose oldest kind is text. */
const NEVER_TEXT = /\.(?:safetensors|sft|gguf|onnx|zip|engine)$/i

const LONGEST_LOOK = 8 * 1024

/**
 * What stands at the beginning of an answer that should be a file; undefined where it may be the file.
 * @param head the first bytes, at least some hundred or all there are
 */
export function readAnswerText(head: Uint8Array, { contentType = '', name = '' }: AnswerHints): AnswerText | undefined {
  const text = decode(head.subarray(0, LONGEST_LOOK))
  if (text === undefined) return undefined
  const type = contentType.toLowerCase().split(';')[0]?.trim() ?? ''
  const isNamed = (ending: RegExp): boolean => ending.test(name)
  // Of a misconfigured server the type means nothing: by it alone only text is judged.
  const calledPage = type === 'text/html' || type === 'application/xhtml+xml'
  if ((calledPage || HTML.test(text) || XHTML.test(text)) && !isNamed(/\.x?html?$/i)) {
    return { kind: 'page', what: `a web page${quoted(/<title[^>]*>([^<]*)/i.exec(text)?.[1])}` }
  }
  if (XML.test(text) && !isNamed(/\.(?:xml|svg|xhtml)$/i)) {
    const told = ['code', 'message'].map((tag) => new RegExp(`<${tag}>([^<]{1,200})</`, 'i').exec(text)?.[1])
    return { kind: 'xml', what: `an error of a storage server${quoted(told.filter(Boolean).join(': '))}` }
  }
  if (POINTER.test(text))
    return { kind: 'pointer', what: `a Git LFS pointer${sizeOf(text)}, not the file it stands for` }
  const json = isNamed(/\.(?:jsonl?|webmanifest|ipynb|ya?ml|txt|md|js)$/i) ? undefined : jsonMessage(text, type)
  if (json !== undefined) return { kind: 'json', what: `an answer in JSON${quoted(json)}` }
  return isNamed(NEVER_TEXT) ? { kind: 'text', what: `text${quoted(text)}` } : undefined
}

/** Undefined where there are bytes that text does not have, or none at all. */
function decode(head: Uint8Array): string | undefined {
  const binary = /[^\P{Cc}\t\n\v\f\r]|\ufffd/u
  // The end may lie within a letter of several bytes: `stream` leaves it out.
  const text = new TextDecoder().decode(head, { stream: true }).trimStart()
  return text === '' || binary.test(text) ? undefined : text
}

/** What JSON says of an error, empty where it says nothing; undefined where it is none, or no JSON. */
function jsonMessage(text: string, type: string): string | undefined {
  if (!/^[{[]/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Cut, or no JSON at all.
    return type === 'application/json' || JSON_ERROR.test(text) ? '' : undefined
  }
  const fields = Object.entries(typeof value === 'object' && value !== null ? value : {})
  const told = ['error', 'message', 'detail'].flatMap((key) => fields.filter(([name]) => name === key))
  return told
    .map(([, message]) => message)
    .filter((message) => typeof message === 'string')
    .join(': ')
}

const sizeOf = (pointer: string): string => {
  const size = /^size (\d{1,15})$/m.exec(pointer)?.[1]
  return size === undefined ? '' : ` to ${size} bytes`
}

const LONGEST_QUOTE = 120

function quoted(said: string | undefined): string {
  const words = quoteOf(said, LONGEST_QUOTE)
  return words === undefined ? '' : ` (“${words}”)`
}
