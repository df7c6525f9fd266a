import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fileNameOf } from '../../src/download/dispositions.ts'
import { contentDisposition } from '../../src/http/files/content-disposition.ts'

const URL_NAME = 'https://storage.example/model/810201/from%20url.safetensors?X-Amz-Signature=00'

/** As headers arrive: a character for each byte. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

const named = (header: string): string | undefined =>
  fileNameOf(new Headers({ 'content-disposition': header }), URL_NAME)

const cases: readonly [header: string, name: string | undefined][] = [
  ['attachment; filename="harbor_lights_high.safetensors"', 'harbor_lights_high.safetensors'],
  ['attachment; filename=foo.gguf', 'foo.gguf'],
  ['ATTACHMENT;FILENAME=foo.gguf', 'foo.gguf'],
  ['attachment ; filename = "foo.gguf" ; size=5', 'foo.gguf'],
  ['inline; filename="a; b=c.gguf"; x=y', 'a; b=c.gguf'],
  ['attachment; filename="a \\"b\\" \\\\c.gguf"', 'a "b" \\c.gguf'],
  ["attachment; filename*=UTF-8''na%C3%AFve%20model.gguf", 'naïve model.gguf'],
  [`attachment; filename="plain.gguf"; filename*=UTF-8''%E6%A8%A1%E5%9E%8B.gguf`, '模型.gguf'],
  [`attachment; filename*=utf-8'en'x.gguf; filename="plain.gguf"`, 'x.gguf'],
  ["attachment; filename*=iso-8859-1''na%EFve.gguf", 'naïve.gguf'],
  // What servers make of it.
  ['filename="foo.gguf"', 'foo.gguf'],
  ['attachment; filename=my model v1.gguf', 'my model v1.gguf'],
  ['attachment; filename="foo.gguf', 'foo.gguf'],
  ['attachment; filename="foo.gguf; size=5', 'foo.gguf'],
  ['attachment; filename="foo.gguf"junk; x=y', 'foo.gguf'],
  [';;; filename=foo.gguf;;', 'foo.gguf'],
  ['attachment; filename=first.gguf; filename=second.gguf', 'first.gguf'],
  ['attachment; filename="C:\\models\\foo.gguf"', 'C:\\models\\foo.gguf'],
  ['attachment; filename="../../etc/foo.gguf"', '../../etc/foo.gguf'],
  ['attachment; filename="my%20model.gguf"', 'my model.gguf'],
  ['attachment; filename="100% real.gguf"', '100% real.gguf'],
  ['attachment; filename="50%fe.gguf"', '50%fe.gguf'],
  [`attachment; filename*="UTF-8''quoted%20too.gguf"`, 'quoted too.gguf'],
  ['attachment; filename*=no%20charset.gguf', 'no charset.gguf'],
  [`attachment; filename*=UTF-8''%FF%FE; filename="plain.gguf"`, 'plain.gguf'],
  [`attachment; filename*=klingon''x; filename="plain.gguf"`, 'plain.gguf'],
  [`attachment; filename*=; filename="plain.gguf"`, 'plain.gguf'],
  [latin1('attachment; filename="naïve 模型.gguf"'), 'naïve 模型.gguf'],
  ['attachment; filename="na\u00efve.gguf"', 'naïve.gguf'],
  // The address is asked.
  ['attachment', 'from url.safetensors'],
  ['attachment; filename=""', 'from url.safetensors'],
  ['attachment; filename="  "', 'from url.safetensors'],
  ['attachment; filename', 'from url.safetensors'],
  ['', 'from url.safetensors'],
  ['attachment; notfilename=foo; filename2=bar', 'from url.safetensors'],
]

describe('what an answer calls its file', () => {
  test.each(cases)('%s', (header, name) => {
    expect(named(header)).toBe(name as string)
  })

  test.each([
    ['https://host/a/b/model.gguf', 'model.gguf'],
    ['https://host/a/model.gguf/?x=/y.gguf#z', 'model.gguf'],
    ['https://host/a/%E6%A8%A1%E5%9E%8B.gguf', '模型.gguf'],
    ['https://host/a/..%2F..%2Fx.gguf', '../../x.gguf'],
    ['https://host/a/100%25%zz.gguf', '100%%zz.gguf'],
    ['https://host/a/%FF.gguf', '%FF.gguf'],
    ['https://host/a/%20', undefined],
    ['https://host/', undefined],
    ['no url', undefined],
  ])('%s without a header', (url, name) => {
    expect(fileNameOf(new Headers(), url)).toBe(name as string)
  })

  test('property: what we send ourselves comes back', () => {
    const plain = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((name) => !/[/\\\p{Cc}\p{Cs}%]/u.test(name) && name.trim() !== '')
    fc.assert(
      fc.property(plain, (name) => {
        expect(named(contentDisposition(name))).toBe(name)
      }),
    )
  })

  test('property: nothing that a header can hold is too much', () => {
    const pieces = fc.constantFrom(
      'filename',
      '*',
      '=',
      '"',
      ';',
      ' ',
      '\\',
      '%',
      '%41',
      '%ff',
      "'",
      'UTF-8',
      'x',
      'é',
      '\t',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const name = named(parts.join(''))
        expect(name?.trim()).not.toBe('')
        expect(typeof name).toBe('string')
      }),
      { numRuns: 1_000 },
    )
  })

  test('a header of any length is read at once', () => {
    for (const piece of ['"', ';', '=', 'filename=', '\\"', "'", '%41', 'filename="']) {
      expect(typeof named(piece.repeat(100_000))).toBe('string')
    }
  })
})
