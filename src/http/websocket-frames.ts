/** Frames of RFC 6455 as a server reads and writes them: messages are texts, extensions are none. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

/** What the other end sent is no frame, or not one that is taken; `closeCode` is the one of RFC 6455 that says so. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly closeCode: 1002 | 1007 | 1009

  constructor(closeCode: 1002 | 1007 | 1009, message: string) {
    super(message)
    this.closeCode = closeCode
  }
}

export interface FrameHandler {
  /** A whole message; a binary one must be UTF-8 text too. */
  message(text: string): void
  ping(payload: Uint8Array): void
  /** Nothing after it is read. `code` is undefined where none was sent. */
  close(code: number | undefined): void
}

/** Takes what arrives, in whatever pieces. @returns a function that throws FrameError; nothing may follow that */
export function createFrameReader(handler: FrameHandler, maxMessageBytes: number): (bytes: Uint8Array) => void {
  let held: Buffer = Buffer.alloc(0)
  let message: { readonly parts: Buffer[]; sizeBytes: number } | undefined
  let closed = false

  function take({ opcode, final, payload }: Frame): void {
    if (opcode === OPCODE.close) {
      if (payload.length === 1) throw new FrameError(1002, 'A close code has two bytes')
      closed = true
      handler.close(payload.length === 0 ? undefined : payload.readUInt16BE(0))
    } else if (opcode === OPCODE.ping) {
      handler.ping(payload)
    } else if (opcode !== OPCODE.pong) {
      if ((opcode === OPCODE.continuation) !== (message !== undefined)) {
        throw new FrameError(1002, 'A message begins once and ends before the next')
      }
      message ??= { parts: [], sizeBytes: 0 }
      message.sizeBytes += payload.length
      if (message.sizeBytes > maxMessageBytes) throw new FrameError(1009, 'The message is too long')
      // There may be any number of empty ones.
      if (payload.length > 0) message.parts.push(payload)
      if (!final) return
      const text = decode(Buffer.concat(message.parts))
      message = undefined
      handler.message(text)
    }
  }

  return (bytes) => {
    if (closed) return
    held = Buffer.concat([held, bytes])
    while (!closed) {
      const frame = readFrame(held, maxMessageBytes)
      if (frame === undefined) return
      held = held.subarray(frame.sizeBytes)
      take(frame)
    }
  }
}

interface Frame {
  readonly opcode: Opcode
  readonly final: boolean
  readonly payload: Buffer
  /** Of the whole frame. */
  readonly sizeBytes: number
}

const OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE))
const isOpcode = (code: number): code is Opcode => OPCODES.has(code)
const MAX_CONTROL_BYTES = 125

/** Undefined while the frame is not all there. */
function readFrame(bytes: Buffer, maxBytes: number): Frame | undefined {
  if (bytes.length < 2) return undefined
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)]
  const opcode = first & 0x0f
  const final = (first & 0x80) !== 0
  if ((first & 0x70) !== 0 || !isOpcode(opcode)) throw new FrameError(1002, 'No such kind of frame')
  if ((second & 0x80) === 0) throw new FrameError(1002, 'What a client sends is masked')
  const short = second & 0x7f
  if (opcode >= OPCODE.close && (!final || short > MAX_CONTROL_BYTES)) {
    throw new FrameError(1002, 'A control frame is short and whole')
  }
  const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < maskAt) return undefined
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (length > maxBytes) throw new FrameError(1009, 'The message is too long')
  const sizeBytes = maskAt + 4 + length
  if (bytes.length < sizeBytes) return undefined
  const mask = bytes.subarray(maskAt, maskAt + 4)
  const payload = Buffer.from(bytes.subarray(maskAt + 4, sizeBytes).map((byte, at) => byte ^ (mask[at & 3] ?? 0)))
  return { opcode, final, payload, sizeBytes }
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes)
  } catch {
    throw new FrameError(1007, 'A message must be UTF-8 text')
  }
}

/** A whole frame, not masked. */
export function encodeFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head.writeUInt8(0x80 | opcode, 0)
  head.writeUInt8(length < 126 ? length : length < 65_536 ? 126 : 127, 1)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}
