import { expect, test } from 'bun:test'
import { otherNames } from '../../../src/models/library/other-names.ts'
import type { ModelRoot } from '../../../src/models/root.ts'

const ROOTS: readonly ModelRoot[] = [
  { path: '/ui/extra', type: 'vae', layout: 'comfyui' },
  { path: '/ui/models', type: undefined, layout: 'comfyui' },
]

test.each([
  ['in a folder of its type', '/ui/models/loras/a/b.safetensors', 'a/b.safetensors', 'lora'],
  ['below a root of one type', '/ui/extra/loras/b.safetensors', 'loras/b.safetensors', 'vae'],
  ['in a folder that says nothing', '/ui/models/store/b.safetensors', 'store/b.safetensors', 'other'],
] as const)('%s', (_, listedPath, name, type) => {
  expect(otherNames([listedPath], ROOTS)).toEqual([{ listedPath, name, type }])
})

test('what lies below none of the roots is left out', () => {
  expect(otherNames(['/ui/models2/loras/b.safetensors', '/elsewhere/b.safetensors'], ROOTS)).toEqual([])
})

test('below the root of all', () => {
  const found = otherNames(['/loras/b.safetensors'], [{ path: '/', type: undefined, layout: 'folder' }])
  expect(found).toEqual([{ listedPath: '/loras/b.safetensors', name: 'b.safetensors', type: 'lora' }])
})
