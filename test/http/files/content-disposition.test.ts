import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { contentDisposition } from '../../../src/http/files/content-disposition.ts'

test.each([
  ['model.safetensors', 'attachment; filename="model.safetensors"'],
  ['a b;c.gguf', 'attachment; filename="a b;c.gguf"'],
  ['naïve.pt', `attachment; filename="na_ve.pt"; filename*=UTF-8''na%C3%AFve.pt`],
  ['模型.pt', `attachment; filename="__.pt"; filename*=UTF-8''%E6%A8%A1%E5%9E%8B.pt`],
  ['a"b\\c.pt', `attachment; filename="a_b_c.pt"; filename*=UTF-8''a%22b_c.pt`],
  ["100%('x')*.pt", `attachment; filename="100_('x')*.pt"; filename*=UTF-8''100%25%28%27x%27%29%2A.pt`],
  ['../../etc/passwd', 'attachment; filename=".._.._etc_passwd"'],
  ['a\r\nSet-Cookie: b', 'attachment; filename="a__Set-Cookie: b"'],
  ['\ud800.pt', `attachment; filename="_.pt"; filename*=UTF-8''%EF%BF%BD.pt`],
  ['', 'attachment; filename="model"'],
])('%j', (name, expected) => {
  expect(contentDisposition(name)).toBe(expected)
})

test('any name gives a header of plain ASCII, from which the name can be read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const header = contentDisposition(name)
      expect(header).toMatch(/^attachment; filename="[\x20-\x21\x23-\x7e]*"(; filename\*=UTF-8''[\w!#$&+.^`|~%-]*)?$/)
      const encoded = /UTF-8''(.*)$/.exec(header)?.[1]
      const plain = /filename="(.*?)"/.exec(header)?.[1]
      const expected = name.replaceAll(/[/\\\p{Cc}]/gu, '_').replaceAll(/\p{Surrogate}/gu, '\ufffd') || 'model'
      expect(encoded === undefined ? plain : decodeURIComponent(encoded)).toBe(expected)
    }),
  )
})
