import { describe, expect, test } from 'bun:test'
import type { AssetModel } from '../../src/track/asset-models.ts'
import { toAssetModels } from '../../src/track/asset-models.ts'
import { completeModels } from '../../src/track/same-model.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

const ink = (ids: Partial<AssetModel> = {}): Partial<AssetModel> => ({ type: 'lora', name: 'ink', weight: 1, ...ids })

const complete = (linked: readonly Partial<AssetModel>[], found: readonly Partial<AssetModel>[]) =>
  completeModels(toAssetModels(linked), toAssetModels(found)).map(({ sha256 }) => sha256)

describe('what was found out about linked models since', () => {
  test.each<[string, Partial<AssetModel>[], Partial<AssetModel>[], (string | null)[]]>([
    ['by the name', [ink()], [ink({ sha256: A })], [A]],
    ['by a short digest', [ink({ auto_v2: A.slice(0, 10) })], [ink({ name: 'other', sha256: A })], [A]],
    [
      'by digests before names, in any order',
      [ink(), ink({ auto_v2: B.slice(0, 10) })],
      [ink({ sha256: B }), ink({ sha256: A })],
      [A, B],
    ],
    ['never by a name that two of the found have', [ink()], [ink({ sha256: A }), ink({ sha256: B })], [null]],
    ['never by a name that two of the linked have', [ink(), ink({ weight: 0.5 })], [ink({ sha256: A })], [null, null]],
    ['never against a digest', [ink({ sha256: B })], [ink({ sha256: A })], [B]],
    ['never of another type', [ink()], [ink({ type: 'vae', sha256: A })], [null]],
    ['all of it where nothing is linked', [], [ink({ sha256: A })], [A]],
  ])('%s', (_, linked, found, digests) => {
    expect(complete(linked, found)).toEqual(digests)
  })
})
