import { expect, test } from 'bun:test'
import { toAssetModels } from '../../src/track/asset-models.ts'

test('what no text of the database may hold is taken out of names', () => {
  const [model] = toAssetModels([{ type: 'lora', name: 'harbor\0lights\ud83c', air: 'urn:air:\0x' }])
  expect(model).toMatchObject({ name: 'harborlights\ufffd', air: 'urn:air:x', sha256: null })
})
