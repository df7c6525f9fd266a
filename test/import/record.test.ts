import { afterEach, beforeEach, expect, test } from 'bun:test'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createImportRecorder } from '../../src/import/record.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { openTrack, type Track } from '../support/track.ts'

let track: Track

beforeEach(async () => {
  track = await openTrack()
})
afterEach(() => track.close())

function record(prompt: string, url: string) {
  const recorder = createImportRecorder((name, input, { actor, signal }) =>
    track.invoke(name, input, { actor, signal }),
  )
  const media = { url, type: 'image' } as const
  return recorder({ generation: { prompt }, media, actor: OWNER, signal: new AbortController().signal, jobId: 'imp_1' })
}

test('the same picture imported several times at once is one asset, and none of the imports fails', async () => {
  const picture = join(track.dir, 'picture.png')
  copyFileSync(join(import.meta.dir, '../../fixtures/pictures/harbor.png'), picture)
  const recorded = await Promise.all(['one', 'two', 'three'].map((prompt) => record(prompt, picture)))
  expect(recorded.map(({ asset_id }) => asset_id)).toEqual(['1', '1', '1'])
  const { assets } = await track.invoke('list_assets', {})
  expect(assets).toHaveLength(1)
  expect(await record('four', picture)).toMatchObject({ asset_id: '1', prompt_id: expect.any(String) })
})
