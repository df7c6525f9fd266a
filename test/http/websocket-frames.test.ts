import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFrameReader, encodeFrame, FrameError, OPCODE } from '../../src/http/websocket-frames.ts'

const MAX = 70_000

/** A frame as a client sends it: masked. */
function masked(opcode: number, payload: Uint8Array, { final = true, mask = [1, 2, 3, 4] } = {}): Buffer {
  const plain = encodeFrame(OPCODE.text, payload)
  const head = plain.subarray(0, plain.length - payload.length)
  head.writeUInt8((final ? 0x80 : 0) | opcode, 0)
  head.writeUInt8((head[1] ?? 0) | 0x80, 1)
  return Buffer.concat([head, Buffer.from(mask), payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0))])
}

type Seen = string | { ping: number[] } | { close: number | undefined }

/** What a reader makes of bytes that come in pieces; a refusal is the last thing it says. */
function read(pieces: readonly Uint8Array[], max = MAX): (Seen | { refused: number })[] {
  const seen: (Seen | { refused: number })[] = []
  const take = createFrameReader(
    {
      message: (text) => seen.push(text),
      ping: (payload) => seen.push({ ping: [...payload] }),
      close: (code) => seen.push({ close: code }),
    },
    max,
  )
  try {
    for (const piece of pieces) take(piece)
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    seen.push({ refused: error.closeCode })
  }
  return seen
}

const text = (value: string): Buffer => Buffer.from(value)

describe('messages', () => {
  test('of endless empty fragments hold nothing up', () => {
    const empty = masked(OPCODE.continuation, text(''), { final: false })
    const pieces = [
      masked(OPCODE.text, text('a'), { final: false }),
      ...Array.from({ length: 1_000 }, () => Buffer.concat(Array.from({ length: 500 }, () => empty))),
      masked(OPCODE.continuation, text('b')),
    ]
    expect(read(pieces)).toEqual(['ab'])
  })

  const sizes = fc.oneof(fc.nat(200), fc.constantFrom(0, 125, 126, 65_535, 65_536, MAX))
  test('of any length and mask, in whatever fragments and pieces, with pings between, come out whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.nat(4)), { maxLength: 5 }),
        fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (messages, mask, cuts) => {
          const frames = messages.flatMap(([message, splits]) => {
            const bytes = text(message)
            const parts = Array.from({ length: splits + 1 }, (_, at) =>
              bytes.subarray((bytes.length * at) / (splits + 1), (bytes.length * (at + 1)) / (splits + 1)),
            )
            return parts.flatMap((part, at) => [
              masked(at === 0 ? OPCODE.text : OPCODE.continuation, part, { final: at === splits, mask }),
              masked(OPCODE.ping, Buffer.from([at]), { mask }),
            ])
          })
          const bytes = Buffer.concat(frames)
          const pieces: Buffer[] = []
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const size = cuts[n % cuts.length] ?? 1
            pieces.push(bytes.subarray(at, at + size))
            at += size
          }
          const seen = read(pieces)
          expect(seen.filter((one) => typeof one === 'string')).toEqual(messages.map(([message]) => message))
          expect(seen.length).toBe(messages.reduce((sum, [, splits]) => sum + splits + 2, 0))
        },
      ),
    )
  })

  test('are written as they are read', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const payload = Buffer.alloc(size, 'x')
        expect(read([masked(OPCODE.text, payload)])).toEqual([payload.toString()])
        const frame = encodeFrame(OPCODE.text, payload)
        expect(frame.subarray(frame.length - size)).toEqual(payload)
        expect(frame.length - size).toBe(size < 126 ? 2 : size < 65_536 ? 4 : 10)
      }),
    )
  })

  test('the examples of RFC 6455, 5.7', () => {
    const hello = Buffer.from('818537fa213d7f9f4d5158', 'hex')
    expect(read([hello])).toEqual(['Hello'])
    expect(encodeFrame(OPCODE.text, text('Hello')).toString('hex')).toBe('810548656c6c6f')
    expect(encodeFrame(OPCODE.pong, text('Hello')).toString('hex')).toBe('8a0548656c6c6f')
    expect(encodeFrame(OPCODE.binary, Buffer.alloc(256)).subarray(0, 4).toString('hex')).toBe('827e0100')
    expect(encodeFrame(OPCODE.binary, Buffer.alloc(65_536)).subarray(0, 10).toString('hex')).toBe(
      '827f0000000000010000',
    )
  })
})

test.each<[what: string, frames: Buffer[], code: number]>([
  ['not masked', [encodeFrame(OPCODE.text, text('x'))], 1002],
  ['of no known kind', [masked(3, text('x'))], 1002],
  ['with a reserved bit', [Buffer.from([0xc1, 0x80, 0, 0, 0, 0])], 1002],
  ['a continuation of nothing', [masked(OPCODE.continuation, text('x'))], 1002],
  [
    'a message inside a message',
    [masked(OPCODE.text, text('x'), { final: false }), masked(OPCODE.text, text('y'))],
    1002,
  ],
  ['a long ping', [masked(OPCODE.ping, Buffer.alloc(126))], 1002],
  ['a ping in fragments', [masked(OPCODE.ping, text('x'), { final: false })], 1002],
  ['a close code of one byte', [masked(OPCODE.close, text('x'))], 1002],
  ['no UTF-8', [masked(OPCODE.text, Buffer.from([0xff, 0xfe]))], 1007],
  ['too long, by its head alone', [masked(OPCODE.text, Buffer.alloc(MAX + 1)).subarray(0, 10)], 1009],
  ['too long by far', [Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])], 1009],
  [
    'too long in fragments',
    [
      masked(OPCODE.text, Buffer.alloc(MAX), { final: false }),
      masked(OPCODE.continuation, Buffer.alloc(1), { final: false }),
    ],
    1009,
  ],
])('refused: %s', (_what, frames, code) => {
  expect(read(frames).at(-1)).toEqual({ refused: code })
})

test('a close frame is the last that is read', () => {
  const code = Buffer.from([0x03, 0xe9])
  expect(read([masked(OPCODE.close, code), masked(OPCODE.text, text('more'))])).toEqual([{ close: 1001 }])
  expect(read([masked(OPCODE.close, Buffer.alloc(0))])).toEqual([{ close: undefined }])
})

test('whatever comes, it is refused or read, never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (pieces) => void read(pieces, 40)),
  )
})
