import { expect, test } from 'bun:test'
import { typeOfResource } from '../../src/import/known-names.ts'

test.each([
  ['Checkpoint', 'checkpoint'],
  ['diffusionmodel', 'diffusion_model'],
  ['DoRA', 'lora'],
  ['TextualInversion', 'embedding'],
  ['Text Encoder', 'text_encoder'],
  ['textencoder', 'text_encoder'],
  ['text_encoder', 'text_encoder'],
  ['text_encoders', 'text_encoder'],
  ['clip', 'text_encoder'],
  ['visionlanguage', 'text_encoder'],
  ['VisionLanguage', 'text_encoder'],
  ['clipvision', 'clip_vision'],
  ['workflow', 'other'],
  ['__proto__', 'other'],
  [undefined, 'other'],
])('%p is a %s', (type, ours) => {
  expect(typeOfResource(type)).toBe(ours as never)
})
