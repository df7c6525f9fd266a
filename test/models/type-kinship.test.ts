import { expect, test } from 'bun:test'
import type { ModelType } from '../../src/models/model-file.ts'
import { isOfType } from '../../src/models/type-kinship.ts'

test.each<readonly [ModelType, ModelType, boolean]>([
  ['lora', 'lora', true],
  ['checkpoint', 'diffusion_model', true],
  ['text_encoder', 'vae', true],
  ['controlnet', 'ipadapter', true],
  ['other', 'lora', true],
  ['lora', 'other', true],
  ['lora', 'checkpoint', false],
  ['vae', 'diffusion_model', false],
])('%s wanted, %s found: %p', (wanted, found, expected) => {
  expect(isOfType(wanted, found)).toBe(expected)
})
