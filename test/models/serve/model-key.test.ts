import { describe, expect, test } from 'bun:test'
import { parseAir } from '../../../src/air/air.ts'
import { MODEL_TYPES } from '../../../src/models/model-file.ts'
import { modelKey } from '../../../src/models/serve/model-key.ts'

const sha256 = 'ab'.repeat(32)
const civitai = { model_id: 11, version_id: 22, base_model: 'Illustrious' }

describe('the key of a model', () => {
  test('is an AIR where Civitai knows it', () => {
    expect(modelKey({ sha256, type: 'lora', civitai })).toBe('urn:air:sdxl:lora:civitai:11@22')
    expect(modelKey({ sha256, type: 'vae', civitai: { ...civitai, base_model: 'of tomorrow' } })).toBe(
      'urn:air:other:vae:civitai:11@22',
    )
  })
  test.each([...MODEL_TYPES])('that of a %s is read as what it says', (type) => {
    const air = parseAir(modelKey({ sha256, type, civitai: { ...civitai, base_model: 'Wan Video 2.2 TI2V-5B' } }))
    expect(air).toMatchObject({ ecosystem: 'wanvideo-22-ti2v-5b', source: 'civitai', id: '11', version: '22' })
    expect(air?.type).toMatch(/^[a-z_]+$/)
  })
  test.each([
    ['unknown to Civitai', null],
    ['without a version', { model_id: 11 }],
    ['with an id that is none', { model_id: 0, version_id: 22 }],
  ])('%s is its digest', (_, ids) => {
    expect(modelKey({ sha256, type: 'lora', civitai: ids })).toBe(`sha256:${sha256}`)
  })
})
