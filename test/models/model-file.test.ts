import { describe, expect, test } from 'bun:test'
import { modelExtension } from '../../src/models/model-file.ts'

describe('modelExtension', () => {
  test.each([
    ['style\\foo.safetensors', '.safetensors'],
    ['FOO.CKPT', '.CKPT'],
    ['foo.pt', '.pt'],
    ['foo.pt2', '.pt2'],
    ['foo.sft', '.sft'],
    ['foo.nf4', '.nf4'],
    ['foo v0.178', undefined],
    ['a/b.c.gguf', '.gguf'],
    ['.safetensors', undefined],
    ['a/.safetensors', undefined],
    ['a\\.gguf', undefined],
    ['foo.safetensors.part', undefined],
    ['foo.safetensors ', undefined],
    ['safetensors', undefined],
    ['notes.txt', undefined],
    ['', undefined],
  ])('%p', (name, extension) => {
    expect(modelExtension(name)).toBe(extension)
  })
})
