import { expect } from 'bun:test'
import fc from 'fast-check'
import { type ByteSource, bytesSource } from '../../src/media/byte-source.ts'
import { type Container, type ContainerContent, DEFAULT_LIMITS, HEAD_BYTES } from '../../src/media/container.ts'

export const readBytes = (container: Container, bytes: Uint8Array, limits = DEFAULT_LIMITS): ContainerContent =>
  container.read(bytesSource(bytes), limits)

/** `[key, text]` of each text. */
export const textsOf = ({ texts }: ContainerContent): (readonly [key: string, text: string])[] =>
  texts.map(({ key, text }) => [key, text])

export const isOf = (container: Container, bytes: Uint8Array): boolean =>
  container.matches(bytes.subarray(0, HEAD_BYTES))

export interface CountingSource extends ByteSource {
  readonly reads: number
  readonly bytesRead: number
}

export function countingSource(inner: ByteSource): CountingSource {
  let reads = 0
  let bytesRead = 0
  return {
    sizeBytes: inner.sizeBytes,
    get reads() {
      return reads
    },
    get bytesRead() {
      return bytesRead
    },
    read(offset, length) {
      const bytes = inner.read(offset, length)
      reads += 1
      bytesRead += bytes.length
      return bytes
    },
  }
}

/** A file of zero bytes with pieces of something else in it, far larger than memory. */
export function sparseSource(
  sizeBytes: number,
  pieces: readonly (readonly [offset: number, bytes: Uint8Array])[],
): ByteSource {
  return {
    sizeBytes,
    read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)))
      for (const [start, piece] of pieces) {
        const from = Math.max(start, offset)
        const to = Math.min(start + piece.length, offset + bytes.length)
        if (from < to) bytes.set(piece.subarray(from - start, to - start), from - offset)
      }
      return bytes
    },
  }
}

/** Cuts a file at every byte where it still is one of its kind: no text that is not whole, and a warning where one is gone. */
export function expectCutsToBeHarmless(container: Container, file: Uint8Array): void {
  const whole = readBytes(container, file).texts
  expect(whole.length).toBeGreaterThan(0)
  for (let end = 0; end < file.length; end += 1) {
    if (!isOf(container, file.subarray(0, end))) continue
    const { texts, warnings } = readBytes(container, file.subarray(0, end))
    const foreign = texts.filter((text) => !whole.some((other) => Bun.deepEquals(text, other)))
    const isTold = warnings.length > 0 || texts.length === whole.length
    expect({ end, foreign, isTold }).toEqual({ end, foreign: [], isTold: true })
  }
}

const HOSTILE = ['00000000', '00000001', '7fffffff', 'ffffffff']

/** Puts each hostile number at each byte: every reading ends, and none reads far more than there is. */
export function expectNumbersToBeHarmless(container: Container, file: Uint8Array): void {
  for (let at = 0; at < file.length; at += 1) {
    for (const hex of HOSTILE) {
      const changed = Uint8Array.from(file)
      changed.set(Buffer.from(hex, 'hex').subarray(0, file.length - at), at)
      const source = countingSource(bytesSource(changed))
      container.read(source, DEFAULT_LIMITS)
      if (source.bytesRead > 20 * file.length + 65_536)
        throw new Error(`${hex} at ${at} reads ${source.bytesRead} bytes`)
    }
  }
}

/** Any bytes behind the beginning of a file end in an answer. */
export function expectNoiseToBeHarmless(container: Container, beginning: Uint8Array): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(readBytes(container, Buffer.concat([beginning, bytes])).warnings.length).toBeLessThan(101)
    }),
    { numRuns: 300 },
  )
}

/** Texts that come back as they are: without what readers take off (NUL bytes at the end, a byte order mark). */
export const plainText: fc.Arbitrary<string> = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 200 })
  .filter((text) => text.isWellFormed() && !text.endsWith('\0') && !/^[\ufeff\ufffe]/.test(text))
