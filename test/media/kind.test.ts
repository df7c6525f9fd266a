import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createPng } from '../../scripts/fixtures/png-writer.ts'
import { SNIFF_BYTES, sniffMediaKind } from '../../src/media/kind.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const join = (...parts: (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin1(part) : Buffer.from(part))))
const zeros = (count: number): number[] => Array<number>(count).fill(0)
const ftyp = (brand: string): Buffer =>
  join([0, 0, 0, 24], 'ftyp', brand, [0, 0, 2, 0], brand, 'mp42', [0, 0, 0, 8], 'free')
const ebml = (type: string): Buffer =>
  join([0x1a, 0x45, 0xdf, 0xa3, 0x87 + type.length - 4, 0x42, 0x82, 0x80 + type.length], type, zeros(40))
const riff = (type: string): Buffer => join('RIFF', [60, 0, 0, 0], type, zeros(60))

const ROWS: readonly (readonly [name: string, bytes: Buffer, kind: string, description: string])[] = [
  ['PNG', createPng(), 'image', 'a PNG image'],
  ['JPEG', join([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF', zeros(20)), 'image', 'a JPEG image'],
  ['GIF, animated or not', join('GIF89a', [1, 0, 1, 0, 0, 0, 0]), 'image', 'a GIF image'],
  ['WebP', riff('WEBPVP8 '), 'image', 'a WebP image'],
  ['AVIF', ftyp('avif'), 'image', 'an AVIF image'],
  ['HEIC', ftyp('heic'), 'image', 'an HEIC image'],
  ['TIFF', join('II*', zeros(1), [8, 0, 0, 0]), 'image', 'a TIFF image'],
  ['BMP', join('BM', [10, 20, 3, 0, 0, 0, 0]), 'image', 'a BMP image'],
  ['JPEG XL', join([0xff, 0x0a, 1, 2]), 'image', 'a JXL image'],
  ['SVG', latin1('<?xml version="1.0"?>\n<!-- made -->\n<svg xmlns="x">'), 'image', 'an SVG image'],
  ['MP4', ftyp('isom'), 'video', 'an MP4 video'],
  ['MOV', ftyp('qt  '), 'video', 'an MOV video'],
  ['M4V', ftyp('M4V '), 'video', 'an M4V video'],
  ['WebM', ebml('webm'), 'video', 'a WebM video'],
  ['MKV', ebml('matroska'), 'video', 'an MKV video'],
  ['AVI', riff('AVI LIST'), 'video', 'an AVI video'],
  ['FLV', join('FLV', [1]), 'video', 'an FLV video'],
  ['audio in MP4', ftyp('M4A '), 'audio', 'an M4A audio file'],
  ['WAV', riff('WAVEfmt '), 'audio', 'a WAV audio file'],
  ['FLAC', join('fLaC', zeros(30)), 'audio', 'an FLAC audio file'],
  [
    'MP3 whose tags are longer than the head',
    join('ID3', [3, 0, 0, 0, 0, 0x7f, 0x7f], zeros(30)),
    'audio',
    'an MP3 audio file',
  ],
  ['nothing', Buffer.alloc(0), 'other', 'empty'],
  ['zero bytes', Buffer.alloc(500), 'other', 'zero bytes only'],
  ['HTML', latin1('\n <!DOCTYPE html><html lang="en">'), 'other', 'an HTML page'],
  ['HTML without a doctype', latin1('<html><head>'), 'other', 'an HTML page'],
  ['XHTML', latin1('<?xml version="1.0"?><!DOCTYPE html><html>'), 'other', 'an HTML page'],
  ['XML', latin1('<?xml version="1.0"?><feed/>'), 'other', 'an XML document'],
  ['JSON', latin1(' {"error": "not found"}'), 'other', 'a JSON document'],
  ['a prompt', latin1('a cat, <lora:x:1>'), 'other', 'plain text'],
  ['a prompt that begins like a bitmap', latin1('BMW on a road'), 'other', 'plain text'],
  ['a prompt that begins like a program', latin1('MZ, film grain'), 'other', 'plain text'],
  ['a prompt with choices', latin1('{red|blue} car'), 'other', 'plain text'],
  ['text in UTF-16', Buffer.from('\uFEFFsome words', 'utf16le'), 'other', 'plain text'],
  ['a pointer', latin1('version https://git-lfs.github.com/spec/v1\noid sha256:00'), 'other', 'a Git LFS pointer'],
  ['PDF', latin1('%PDF-1.7\n1 0 obj'), 'other', 'a PDF file'],
  ['ZIP', join('PK', [3, 4], zeros(26)), 'other', 'a ZIP archive'],
  ['safetensors', join([16, 0, 0, 0, 0, 0, 0, 0], '{"__metadata__":{}}'), 'other', 'a safetensors model'],
  ['GGUF', join('GGUF', [3, 0, 0, 0]), 'other', 'a GGUF model'],
  ['a pickle', join([0x80, 2, 0x7d, 0x71, 0]), 'other', 'a Python pickle'],
  ['noise', join([0x9c, 0x12, 0xfe, 3, 4, 9, 200, 1]), 'other', 'data of an unknown kind'],
]

describe('tells what bytes are', () => {
  test.each(ROWS)('%s', async (_, bytes, kind, description) => {
    expect(await sniffMediaKind(bytes.subarray(0, SNIFF_BYTES))).toMatchObject({ kind, description })
  })
})

test('a text that is cut inside a letter is still a text', async () => {
  const head = Buffer.from('提灯'.repeat(1000)).subarray(0, 4099)
  expect(await sniffMediaKind(head)).toMatchObject({ description: 'plain text' })
})

test('any bytes end in an answer that fits into a sentence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { kind, description } = await sniffMediaKind(bytes)
      expect(['image', 'video', 'audio', 'other']).toContain(kind)
      expect(description).not.toBe('')
    }),
    { numRuns: 300 },
  )
})

test('what is called an image, a video or a sound has a media type', async () => {
  for (const [, bytes] of ROWS) {
    const { kind, mime } = await sniffMediaKind(bytes)
    if (kind !== 'other') expect(mime).toMatch(/^[a-z]+\/[\w.+-]+$/)
  }
})
