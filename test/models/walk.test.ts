import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeModel } from '../../src/models/layout.ts'
import { modelExtension } from '../../src/models/model-file.ts'
import { walkModels } from '../../src/models/walk.ts'

let root: string
const signal = new AbortController().signal

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'airkeep-walk-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function put(path: string): string {
  const full = join(root, path)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, 'x')
  return full
}

describe('placeModel', () => {
  const cases: [root: string, relative: string, type: string, name: string][] = [
    ['/m', 'loras/style/foo.safetensors', 'lora', 'style/foo.safetensors'],
    ['/m', 'Stable-diffusion/foo.ckpt', 'checkpoint', 'foo.ckpt'],
    ['/m', 'StableDiffusion/foo.ckpt', 'checkpoint', 'foo.ckpt'],
    ['/m', 'models/Lora/a b.safetensors', 'lora', 'a b.safetensors'],
    ['/data/loras', 'foo.safetensors', 'lora', 'foo.safetensors'],
    ['/data/loras', 'sub/foo.safetensors', 'lora', 'sub/foo.safetensors'],
    ['/m', 'unknown/foo.safetensors', 'other', 'unknown/foo.safetensors'],
    ['/m', 'constructor/foo.safetensors', 'other', 'constructor/foo.safetensors'],
  ]
  test.each(cases)('%s + %s', (base, relative, type, name) => {
    expect<unknown>(placeModel(base, relative)).toEqual({ type, name })
  })
})

describe('modelExtension', () => {
  test.each([
    ['style\\foo.safetensors', '.safetensors'],
    ['FOO.CKPT', '.CKPT'],
    ['foo v0.178', undefined],
    ['a/b.c.gguf', '.gguf'],
    ['.safetensors', undefined],
    ['a/.safetensors', undefined],
    ['notes.txt', undefined],
  ])('%s', (name, extension) => {
    expect(modelExtension(name)).toBe(extension)
  })
})

test('finds model files by extension, through links, each once', async () => {
  put('loras/a.safetensors')
  put('loras/readme.txt')
  put('loras/.hidden.safetensors')
  put('elsewhere/b.gguf')
  symlinkSync(join(root, 'elsewhere'), join(root, 'checkpoints'))
  symlinkSync(join(root, 'loras/a.safetensors'), join(root, 'loras/z-link.safetensors'))
  symlinkSync(root, join(root, 'loras/loop'))
  symlinkSync(join(root, 'nowhere'), join(root, 'loras/broken.safetensors'))
  const { files, unreadable } = await walkModels([root, root], signal)
  expect(files.map(({ path }) => path).toSorted()).toEqual([
    join(root, 'elsewhere/b.gguf'),
    join(root, 'loras/a.safetensors'),
  ])
  expect(unreadable).toEqual([])
})

test('a root that is not there is told, not taken for empty', async () => {
  const { files, unreadable } = await walkModels([join(root, 'missing')], signal)
  expect(files).toEqual([])
  expect(unreadable).toEqual([join(root, 'missing')])
})

test('a walk that was cancelled stops', async () => {
  await expect(walkModels([root], AbortSignal.abort())).rejects.toThrow()
})
