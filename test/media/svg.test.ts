import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cdata, createSvg } from '../../scripts/fixtures/svg-writer.ts'
import { createXmp } from '../../scripts/fixtures/xmp-writer.ts'
import { svg } from '../../src/media/svg.ts'
import { isOf, plainText, readBytes, textsOf } from '../support/media.ts'

const JSON_TEXT = '{"prompt":{"1":{"class_type":"VAELoader"}},"workflow":{"nodes":[]}}'

test('names and places', () => {
  const drawing = createSvg({ metadata: cdata(JSON_TEXT) })
  expect(isOf(svg, drawing)).toBe(true)
  expect(readBytes(svg, drawing)).toEqual({
    texts: [{ place: 'svg:metadata', key: 'metadata', text: JSON_TEXT }],
    warnings: [],
  })
})

describe('metadata', () => {
  const rdf = createXmp([{ name: 'dc:description', text: 'a pier' }])
  const escaped = JSON_TEXT.replaceAll('"', '&quot;')
  const rows: readonly (readonly [name: string, drawing: Buffer, texts: readonly (readonly string[])[]])[] = [
    ['with white space around', createSvg({ metadata: `\n ${cdata('{}')}\n ` }), [['metadata', '{}']]],
    ['with ]]> in the text', createSvg({ metadata: cdata('{"a":"x]]>y"}') }), [['metadata', '{"a":"x]]>y"}']]],
    ['with entities', createSvg({ metadata: escaped }), [['metadata', JSON_TEXT]]],
    ['with numbers for letters', createSvg({ metadata: '{&#34;a&#x22;:1}' }), [['metadata', '{"a":1}']]],
    ['with XMP', createSvg({ metadata: rdf }), [['dc:description', 'a pier']]],
    ['with the words of an editor', createSvg({ metadata: '<x:work xmlns:x="urn:x">words</x:work>' }), []],
    ['empty', createSvg({ metadata: '' }), []],
    ['closed at once', Buffer.from('<svg><metadata/><metadata id="a" /><g/></svg>'), []],
    ['with attributes', Buffer.from('<svg><metadata id="m">{}</metadata></svg>'), [['metadata', '{}']]],
    ['with a prefix', Buffer.from('<svg><svg:metadata>{}</svg:metadata></svg>'), [['metadata', '{}']]],
    [
      'twice',
      Buffer.from('<svg><metadata>{}</metadata><metadata>[]</metadata></svg>'),
      [
        ['metadata', '{}'],
        ['metadata', '[]'],
      ],
    ],
    ['of another name', Buffer.from('<svg><metadatas>{}</metadatas></svg>'), []],
    ['nowhere', createSvg(), []],
  ]
  test.each(rows)('%s', (_, drawing, texts) => {
    const content = readBytes(svg, drawing)
    expect(textsOf(content)).toEqual(texts.map(([key = '', text = '']) => [key, text]))
    expect(content.warnings).toEqual([])
  })
})

describe('is told by its root', () => {
  const rows: readonly (readonly [name: string, text: string | Buffer, is: boolean])[] = [
    ['a drawing', createSvg(), true],
    ['without a declaration', createSvg({ prolog: '' }), true],
    ['behind a byte order mark and blanks', createSvg({ prolog: '\ufeff\n  ' }), true],
    [
      'behind a comment and a type',
      createSvg({ prolog: '<?xml version="1.0"?><!-- a --><!DOCTYPE svg PUBLIC "a" "b">' }),
      true,
    ],
    ['another XML', '<?xml version="1.0"?><feed/>', false],
    ['a page with a drawing in it', '<!DOCTYPE html><html><svg></svg></html>', false],
    ['a text that names it', 'an <svg> icon', false],
    ['no text', Buffer.from('<svg>\0\0', 'latin1'), false],
  ]
  test.each(rows)('%s', (_, text, is) => {
    expect(isOf(svg, Buffer.from(text))).toBe(is)
  })
})

describe('what is wrong becomes a warning', () => {
  const place = 'svg:metadata'
  const drawing = createSvg({ metadata: '{}' })
  const rows: readonly (readonly [name: string, drawing: Buffer, place: string, reason: string])[] = [
    ['an element without an end', drawing.subarray(0, drawing.indexOf('</metadata')), place, 'it does not end'],
    ['an open tag at the end', Buffer.from('<svg><metadata '), place, 'it does not end'],
    [
      'a text that holds the end',
      createSvg({ metadata: cdata('{"a":"</metadata>"}') }),
      place,
      'it ends inside a CDATA section',
    ],
    ['what is no XML', Buffer.from('<svg><metadata><"></metadata></svg>'), place, 'it is no XML from character 10 on'],
    ['what is no UTF-8', Buffer.concat([createSvg(), Buffer.from([0xff])]), 'svg', 'the file is not UTF-8 all through'],
  ]
  test.each(rows)('%s', (_, drawing, at, reason) => {
    expect(readBytes(svg, drawing)).toEqual({ texts: [], warnings: [{ place: at, reason }] })
  })

  test('a drawing past the limit', () => {
    const content = readBytes(svg, createSvg(), { textBytes: 50, totalBytes: 50 })
    expect(content).toMatchObject({ texts: [], warnings: [{ place: 'svg' }] })
  })
})

describe('hostile files', () => {
  test('elements without number or end', () => {
    expect(readBytes(svg, Buffer.from(`<svg>${'<metadata>'.repeat(200_000)}`)).warnings).toHaveLength(1)
    const closed = Buffer.from(`<svg>${'<metadata>{}</metadata>'.repeat(50_000)}`)
    expect(readBytes(svg, closed).texts).toHaveLength(100)
    const empty = Buffer.from(`<svg>${'<metadata/>'.repeat(200_000)}`)
    expect(readBytes(svg, empty)).toEqual({ texts: [], warnings: [] })
  })

  test('a drawing that is cut anywhere', () => {
    const drawing = createSvg({ metadata: cdata(JSON_TEXT) })
    for (let end = 1; end < drawing.length; end += 1) {
      const { texts } = readBytes(svg, drawing.subarray(0, end))
      expect(texts.every(({ text }) => text === JSON_TEXT)).toBe(true)
    }
  })

  test('any JSON comes back as it was written', () => {
    fc.assert(
      fc.property(plainText, (text) => {
        const json = JSON.stringify({ prompt: text })
        expect(textsOf(readBytes(svg, createSvg({ metadata: cdata(json) })))).toEqual([['metadata', json]])
      }),
    )
  })
})
