import { expect, test } from 'bun:test'
import { dispositionFilename } from '../../src/net/content-disposition.ts'

test.each<readonly [string | null, string | undefined]>([
  ['attachment; filename="harbor.safetensors"', 'harbor.safetensors'],
  ['attachment;filename=harbor.safetensors', 'harbor.safetensors'],
  ['attachment; FileName = "a b.pt"; size=1', 'a b.pt'],
  ['attachment; filename="a\\"b;c.pt"', 'a"b;c.pt'],
  ['attachment; filename="plain.pt"; filename*=UTF-8\'\'h%C3%A4fen.pt', 'häfen.pt'],
  ["inline; filename*=utf-8'de'h%C3%A4fen.pt; filename=x", 'häfen.pt'],
  ["attachment; filename*=iso-8859-1''h%E4fen.pt", 'häfen.pt'],
  ['attachment; filename="plain.pt"; filename*=UTF-8\'\'%E4.pt', 'plain.pt'],
  ['attachment; filename="plain.pt"; filename*=koi8-r\'\'x.pt', 'plain.pt'],
  [`attachment; filename="${Buffer.from('häfen.pt').toString('latin1')}"`, 'häfen.pt'],
  ['attachment; filename="h\u00e4fen.pt"', 'häfen.pt'],
  ['attachment; filename="../../x"', '../../x'],
  ['attachment; filename=""', undefined],
  ['attachment; filename', undefined],
  ['attachment', undefined],
  [`attachment; filename="${'a'.repeat(5_000)}"`, undefined],
  ['', undefined],
  [null, undefined],
])('%p', (header, expected) => {
  expect(dispositionFilename(header)).toBe(expected as string)
})
