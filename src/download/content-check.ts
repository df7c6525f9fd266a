import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import { isGguf, readGguf } from '../hash/gguf.ts'
import { type ReadAt, readAtOf } from '../hash/read-at.ts'
import { MAX_PARSED_HEADER_BYTES, safetensorsDataOffset } from '../hash/safetensors.ts'
import { readSafetensorsFile } from '../hash/safetensors-file.ts'
import { type AnswerHints, type AnswerText, readAnswerText } from './answer-text.ts'

/** What checkBeginning needs to see; less where there is no more. */
export const BEGINNING_BYTES = 4096

/**
 * Looks at the first bytes of an answer, before anything is kept of it: login and error pages, errors in XML and JSON,
 * and pointers of Git LFS are no files, whatever the status says.
 * @param head the first BEGINNING_BYTES of the file, or all there are
 * @throws AppError upstream_unavailable, with what it is and what it says
 */
export function checkBeginning(head: Uint8Array, hints: AnswerHints = {}): void {
  const answer = readAnswerText(head, hints)
  if (answer === undefined) return
  throw new AppError('upstream_unavailable', `Cannot download the file: the server sent ${answer.what} instead of it`, {
    hint: HINTS[answer.kind],
  })
}

const CHECK_KEY = 'Check that the address is that of the file itself, and whether the upstream wants a key'

const HINTS: Readonly<Record<AnswerText['kind'], string>> = {
  page: CHECK_KEY,
  xml: CHECK_KEY,
  json: CHECK_KEY,
  text: CHECK_KEY,
  pointer: 'Use the address that serves the file; on Hugging Face that is /resolve/, not /raw/',
}

/**
 * Looks at a whole file, before it gets its name: what its header promises is there, and it is of the kind that its name
 * says. Reads no tensors, and never opens a pickle.
 * @param name that the file will have
 * @throws AppError checksum_mismatch (cut, damaged, or of another kind), upstream_unavailable (it is no model but what a
 * server has to say); what opening and reading throw
 */
export async function checkModelFile(path: string, sizeBytes: number, name: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    if (size !== sizeBytes) throw broken(name, `it has ${size} bytes instead of ${sizeBytes}`)
    if (size === 0) throw broken(name, 'it is empty')
    const head = await readPart(handle, 0, BEGINNING_BYTES)
    checkBeginning(head, { name })
    const format = formatOf(head)
    const expected = expectedFormat(name)
    if (expected !== undefined && expected !== format) {
      throw broken(name, format === undefined ? `it does not begin like a ${expected}` : `it is a ${format}`)
    }
    if (format === 'safetensors') await checkSafetensors(handle, head, size, name)
    else if (format === 'gguf') await checkGguf(handle, size, name)
    else if (format === 'ZIP archive') await checkZip(handle, size, name)
  } finally {
    await handle.close()
  }
}

type Format = 'safetensors' | 'gguf' | 'ZIP archive' | 'Python pickle'

function formatOf(head: Uint8Array): Format | undefined {
  if (isGguf(head)) return 'gguf'
  if (safetensorsDataOffset(head, Number.POSITIVE_INFINITY) !== undefined) return 'safetensors'
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03 && head[3] === 0x04) return 'ZIP archive'
  return head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5 ? 'Python pickle' : undefined
}

/** Only of names that promise one: under `.ckpt`, `.pt` and `.bin` loaders take what comes. */
function expectedFormat(name: string): Format | undefined {
  if (/\.(?:safetensors|sft)$/i.test(name)) return 'safetensors'
  if (/\.gguf$/i.test(name)) return 'gguf'
  return /\.zip$/i.test(name) ? 'ZIP archive' : undefined
}

/** A header of more than MAX_PARSED_HEADER_BYTES, which no known file has, is only looked at from outside. */
async function checkSafetensors(handle: FileHandle, head: Uint8Array, size: number, name: string): Promise<void> {
  const dataOffset = safetensorsDataOffset(head, Number.POSITIVE_INFINITY) ?? 0
  if (dataOffset > size) throw truncated(name, dataOffset - size)
  if (dataOffset - 8 > MAX_PARSED_HEADER_BYTES) return
  const { header, fault } = readSafetensorsFile(readAtOf(await readPart(handle, 0, dataOffset)), size)
  if (fault === undefined) return
  const end = dataOffset + (header?.dataBytes ?? 0)
  throw fault.truncated && end > size ? truncated(name, end - size) : broken(name, fault.reason)
}

/** Vocabularies make the headers of text encoders long; of longer ones only the beginning is read. */
const GGUF_READS = [256 * 1024, 4 * 2 ** 20, 16 * 2 ** 20] as const

async function checkGguf(handle: FileHandle, size: number, name: string): Promise<void> {
  for (const length of GGUF_READS) {
    const result = readWithin(await readPart(handle, 0, length), size)
    if (result === undefined) continue
    if (!result.ok) throw result.truncated ? truncated(name) : broken(name, result.reason)
    const { dataOffset, dataBytes } = result.header
    if (result.header.truncated) throw truncated(name, dataOffset + dataBytes - size)
    return
  }
}

class NotRead extends Error {}

/** Undefined where the header is longer than what was read of the file. */
function readWithin(bytes: Uint8Array, size: number): ReturnType<typeof readGguf> | undefined {
  const read: ReadAt = (position, length) => {
    const end = Math.min(position + length, size)
    if (end > bytes.length) throw new NotRead()
    return bytes.subarray(position, end)
  }
  try {
    return readGguf(read, size)
  } catch (error) {
    if (error instanceof NotRead) return undefined
    throw error
  }
}

/** Where the index of a ZIP must end, with the longest comment; one that was cut has none. */
const ZIP_END_BYTES = 65_557

async function checkZip(handle: FileHandle, size: number, name: string): Promise<void> {
  const end = await readPart(handle, Math.max(0, size - ZIP_END_BYTES), ZIP_END_BYTES)
  if (!Buffer.from(end.buffer, end.byteOffset, end.length).includes('PK\x05\x06', 0, 'latin1')) throw truncated(name)
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

const truncated = (name: string, missing?: number): AppError =>
  broken(name, missing === undefined ? 'it is truncated: its end is missing' : `it is truncated by ${missing} bytes`)

const broken = (name: string, reason: string): AppError =>
  new AppError('checksum_mismatch', `The downloaded ${name} is not usable: ${reason}`, {
    hint: 'Download it again; if that changes nothing, the source itself has it so',
  })
