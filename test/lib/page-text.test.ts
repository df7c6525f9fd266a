import { describe, expect, test } from 'bun:test'
import { byteOffset, decodePage, encodeText } from '../../src/lib/page-text.ts'

const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

test.each([
  ['plain', Buffer.from('né\n'), 'utf-8', 0],
  ['with a mark', Buffer.from('\ufeffné\n'), 'utf-8', 3],
  ['Latin-1', Buffer.from('né\n', 'latin1'), 'windows-1252', 0],
  ['UTF-16', Buffer.from('\ufeffné\n', 'utf16le'), 'utf-16le', 2],
  ['UTF-16, the other way round', swapped('\ufeffné\n'), 'utf-16be', 2],
] as const)('%s', (_, bytes, encoding, markBytes) => {
  const page = decodePage(bytes)
  expect(page).toEqual({ text: 'né\n', encoding, markBytes })
  if (page === undefined) throw new Error('no text')
  const at = byteOffset(page, 2)
  expect(bytes.subarray(at)).toEqual(Buffer.from(encodeText('\n', encoding)))
})

test('what Windows writes beyond Latin-1 gets its own byte again', () => {
  const bytes = Uint8Array.from({ length: 128 }, (_, at) => 0x80 + at)
  const text = decodePage(Buffer.concat([Buffer.from('a'.repeat(4000)), bytes]))?.text.slice(4000) ?? ''
  expect(text).toStartWith('€')
  expect(encodeText(text, 'windows-1252')).toEqual(bytes)
})

describe('no text', () => {
  test.each([
    ['zero bytes', Buffer.from('a\0b')],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d])],
    ['noise without zero bytes', Buffer.from(Array.from({ length: 400 }, (_, at) => 1 + ((at * 7) % 31)))],
    ['UTF-16 with zero characters', Buffer.from('\ufeffa\0', 'utf16le')],
  ])('%s', (_, bytes) => {
    expect(decodePage(bytes)).toBeUndefined()
  })
})

test('an empty page is a text', () => {
  expect(decodePage(new Uint8Array())).toEqual({ text: '', encoding: 'utf-8', markBytes: 0 })
})
