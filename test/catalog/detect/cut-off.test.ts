import { expect, test } from 'bun:test'
import { readStart } from '../../../src/catalog/detect/cut-off.ts'

function safetensors(dataBytes: number, metadata = ''): Uint8Array {
  const tensor = { dtype: 'F32', shape: [dataBytes / 4], data_offsets: [0, dataBytes] }
  const header = Buffer.from(JSON.stringify({ __metadata__: { x: metadata }, w: tensor }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(dataBytes, 7)])
}

const small = safetensors(400)
const large = safetensors(40_000)
const long = safetensors(40_000, 'm'.repeat(5_000))
const head = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 1024)

/** Then a part of its fault, or whether it is known to be whole. */
test.each<[string, string, Uint8Array | undefined, number, string | boolean]>([
  ['whole, all of it at hand', 'a.safetensors', small, small.length, true],
  ['whole by its header', 'a.safetensors', head(large), large.length, true],
  ['cut off in its data', 'a.safetensors', head(large), 20_000, 'promise'],
  ['cut off, all of it at hand', 'a.safetensors', small.subarray(0, 300), 300, 'promise'],
  ['cut off in its header', 'a.sft', head(long), 2_000, 'the file ends after 2000'],
  ['a header that goes on', 'a.safetensors', head(long), long.length, false],
  ['another content', 'a.safetensors', new Uint8Array(1024), 5_000, 'zeros'],
  ['a few bytes', 'a.safetensors', new TextEncoder().encode('weights'), 7, 'It holds text'],
  ['a web page', 'a.pt', new TextEncoder().encode('<!DOCTYPE html><html><body>login</body></html>'), 46, 'web page'],
  ['of another format, not all at hand', 'a.gguf', new Uint8Array(1024), 5_000, false],
  ['nothing could be read of a small one', 'a.pt', undefined, 900, 'only 900 bytes'],
  ['nothing could be read of another one', 'a.pt', undefined, 4_096, false],
])('%s', (_, name, bytes, sizeBytes, expected) => {
  const { fault, isWhole } = readStart(name, bytes, sizeBytes)
  expect(isWhole).toBe(expected === true)
  if (typeof expected === 'string') expect(fault).toContain(expected)
  else expect(fault).toBeUndefined()
  expect(fault ?? '').not.toContain('weights')
})
