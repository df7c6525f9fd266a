import { isGguf, readGguf } from '../../hash/gguf.ts'
import type { ReadAt } from '../../hash/read-at.ts'
import { safetensorsDataOffset } from '../../hash/safetensors.ts'
import { readSafetensorsFile } from '../../hash/safetensors-file.ts'
import type { Tensors } from './base-model/tensors.ts'
import type { ModelState } from './inspection.ts'
import { hasZipEnd, isPickle, isPickleName, isZip, ZIP_END_BYTES } from './pickle.ts'
import { readTextBody, type TextBody } from './text-body.ts'

/** What the bytes of a file say. */
export interface Content {
  readonly state: ModelState
  readonly fault: string | undefined
  /** Metadata of a safetensors or gguf. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: Tensors
  /** Why a header that is there gives no metadata. */
  readonly unread: string | undefined
  readonly pointer: TextBody['pointer']
}

/** How a file was reached that does not lie where it is listed. */
export interface Link {
  /** The file's own name is not one of a model. */
  readonly toStranger: boolean
}

const HEAD_BYTES = 4096

const EMPTY = { fault: undefined, metadata: {}, tensors: new Map(), unread: undefined, pointer: undefined } as const

type Format = 'safetensors' | 'gguf' | 'pickle' | 'other'

function namedFormat(name: string): Format {
  if (/\.(?:safetensors|sft)$/i.test(name)) return 'safetensors'
  if (/\.gguf$/i.test(name)) return 'gguf'
  return isPickleName(name) ? 'pickle' : 'other'
}

/**
 * State and header by content; the name decides what the content should be. `.ckpt` and its like are pickles unless
 * they are a safetensors or a gguf: no pickle is ever opened.
 * @param name the file's name as it is listed: blobs of the Hugging Face cache have none
 * @param link where a link leads to the file: its faults then repeat nothing that stands in it, and what has no format
 * that can be told is only taken for a model if it is called one itself
 * @throws Error of the system where reading fails
 */
export function readContent(read: ReadAt, sizeBytes: number, name: string, link?: Link): Content {
  if (sizeBytes === 0) return { ...EMPTY, state: 'truncated', fault: 'The file is empty' }
  const named = namedFormat(name)
  const head = read(0, HEAD_BYTES).slice()
  if (isGguf(head)) return asNamed(readGgufContent(read, sizeBytes), 'gguf', named)
  if (safetensorsDataOffset(head, Number.POSITIVE_INFINITY) !== undefined) {
    return asNamed(readSafetensorsContent(read, sizeBytes), 'safetensors', named)
  }
  const text = readTextBody(head, sizeBytes, (length) => read(0, length), named !== 'pickle', link === undefined)
  if (text !== undefined) return { ...EMPTY, state: text.state, fault: text.fault, pointer: text.pointer }
  if (link?.toStranger === true && (named === 'other' || (named === 'pickle' && !isPickle(head)))) {
    return { ...EMPTY, state: 'corrupt', fault: 'It is a link to a file that is not called like a model' }
  }
  if (named === 'pickle' || isPickle(head))
    return { ...EMPTY, state: 'pickle', fault: pickleFault(read, sizeBytes, head, named) }
  if (named === 'safetensors' || named === 'gguf') {
    if (isZip(head)) return { ...EMPTY, state: 'corrupt', fault: `It is a ZIP archive under the name of a ${named}` }
    return named === 'gguf' ? readGgufContent(read, sizeBytes) : readSafetensorsContent(read, sizeBytes)
  }
  return { ...EMPTY, state: 'ok' }
}

/** Loaders go by the name: what is a good file of another format does not load. */
function asNamed(content: Content, format: 'safetensors' | 'gguf', named: Format): Content {
  const other = named === 'safetensors' || named === 'gguf' ? named : format
  if (content.state !== 'ok' || other === format) return content
  return { ...content, state: 'corrupt', fault: `It is a ${format} under the name of a ${named}` }
}

function readSafetensorsContent(read: ReadAt, sizeBytes: number): Content {
  const { header, headerBytes, fault } = readSafetensorsFile(read, sizeBytes)
  const unread =
    header === undefined && fault === undefined ? `The header of ${headerBytes} bytes was not read` : undefined
  return {
    ...EMPTY,
    ...judged(fault),
    unread,
    metadata: header?.metadata ?? {},
    tensors: header?.tensors ?? new Map(),
  }
}

function readGgufContent(read: ReadAt, sizeBytes: number): Content {
  const result = readGguf(read, sizeBytes)
  if (!result.ok) return { ...EMPTY, ...judged(result) }
  const { header } = result
  const there = Math.max(0, sizeBytes - header.dataOffset)
  const reason = `the header promises ${header.dataBytes} bytes of tensors and there are ${there}`
  return {
    ...EMPTY,
    ...judged(header.truncated ? { truncated: true, reason } : undefined),
    metadata: header.metadata,
    tensors: header.tensors,
  }
}

function judged(
  fault: { readonly truncated: boolean; readonly reason: string } | undefined,
): Pick<Content, 'state' | 'fault'> {
  if (fault === undefined) return { state: 'ok', fault: undefined }
  const sentence = fault.reason.charAt(0).toUpperCase() + fault.reason.slice(1)
  return { state: fault.truncated ? 'truncated' : 'corrupt', fault: sentence }
}

function pickleFault(read: ReadAt, sizeBytes: number, head: Uint8Array, named: Format): string {
  const under = named === 'safetensors' || named === 'gguf' ? ` under the name of a ${named}` : ''
  const from = Math.max(0, sizeBytes - ZIP_END_BYTES)
  const cut = isZip(head) && !hasZipEnd(read(from, ZIP_END_BYTES)) ? ', and its end is missing' : ''
  return `It is a Python pickle${under}: loading it may run code${cut}`
}
