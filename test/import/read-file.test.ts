import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import { createFileReader } from '../../src/import/read-file.ts'
import { createReadUnderstood } from '../../src/import/read-understood.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { aPng } from '../support/build.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { tempDir } from '../support/temp-dir.ts'

let reader: PromptReader
beforeAll(() => {
  reader = aPromptReader()
})
afterAll(() => reader.close())

const INFOTEXT = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1'

test('a file beside a picture that cannot be read is passed over', async () => {
  using place = tempDir()
  const at = (name: string): string => join(place.path, name)
  writeFileSync(at('a.png'), aPng())
  writeFileSync(at('a.txt'), INFOTEXT)
  writeFileSync(at('a.json'), JSON.stringify({ sui_image_params: { model: 'harborMix_v2', prompt: 'a pier' } }))
  const localFiles = createLocalFiles({ roots: () => [] })
  const comfyNodes = { get: async () => undefined, warning: () => undefined }
  const { readPath } = createFileReader(createReadUnderstood({ reader, comfyNodes }), {
    ...localFiles,
    async find(path, actor) {
      const found = await localFiles.find(path, actor)
      // As one that is there and may not be read: who runs the tests may read everything.
      if (path.endsWith('.txt')) rmSync(path)
      return found
    },
  })
  const { signal } = new AbortController()
  const { prompt, media } = await readPath(at('a.png'), { format: 'auto' }, { actor: OWNER, signal })
  expect(prompt.sources).toMatchObject([{ place: 'sidecar .json:text', format: 'swarmui' }])
  expect(media).toBe('image')
})
