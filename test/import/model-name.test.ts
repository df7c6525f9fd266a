import { describe, expect, test } from 'bun:test'
import { mayBeSameFile, meansNoModel, parseModelName } from '../../src/import/model-name.ts'

describe('names', () => {
  const rows: readonly (readonly [written: string, path: string, stem: string, filename: string | undefined])[] = [
    ['foo', 'foo', 'foo', undefined],
    ['foo.safetensors', 'foo', 'foo', 'foo.safetensors'],
    ['style/foo.safetensors', 'style/foo', 'foo', 'foo.safetensors'],
    ['style\\sub\\foo.safetensors', 'style/sub/foo', 'foo', 'foo.safetensors'],
    ['./foo.PT', 'foo', 'foo', 'foo.PT'],
    ['foo_v0.178', 'foo_v0.178', 'foo_v0.178', undefined],
    ['bar.vae.pt', 'bar.vae', 'bar.vae', 'bar.vae.pt'],
    ['x.safetensors.safetensors', 'x.safetensors', 'x.safetensors', 'x.safetensors.safetensors'],
    ['"quoted name"', 'quoted name', 'quoted name', undefined],
    ['C:\\models\\Lora\\x.ckpt', 'C:/models/Lora/x', 'x', 'x.ckpt'],
    ['../../x.safetensors', '../../x', 'x', 'x.safetensors'],
    ['', '', '', undefined],
  ]
  test.each(rows)('%s', (written, path, stem, filename) => {
    const name = parseModelName(written)
    expect([name.path, name.stem, name.filename]).toEqual([path, stem, filename])
  })
})

describe('one file or two', () => {
  const rows: readonly (readonly [a: string, b: string, same: boolean])[] = [
    ['foo', 'FOO.safetensors', true],
    ['\u00e9tude', 'e\u0301tude.safetensors', true],
    ['foo', 'style/foo.safetensors', true],
    ['style\\foo', 'style/foo.safetensors', true],
    ['b/foo', 'a/b/foo', true],
    ['a/foo', 'b/foo', false],
    ['foo', 'barfoo', false],
    ['foo', 'foo_v2', false],
    ['', 'foo', false],
    ['', '', false],
  ]
  test.each(rows)('%s and %s', (a, b, same) => {
    expect(mayBeSameFile(parseModelName(a), parseModelName(b))).toBe(same)
    expect(mayBeSameFile(parseModelName(b), parseModelName(a))).toBe(same)
  })
})

test.each(['None', ' none ', 'Automatic', 'Use same checkpoint', '(Use Base)', '(None)', '"None"', ''])(
  '%j names no model',
  (name) => expect(meansNoModel(name)).toBe(true),
)

test.each(['nonexistent', 'automaticMix_v1', 'none.safetensors'])('%j names one', (name) => {
  expect(meansNoModel(name)).toBe(false)
})
