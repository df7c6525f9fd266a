import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { toAnalysis } from '../../src/import/analysis.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import { createFileReader } from '../../src/import/read-file.ts'
import { createReadUnderstood } from '../../src/import/read-understood.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { aPng } from '../support/build.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

let reader: PromptReader
beforeAll(() => {
  reader = aPromptReader()
})
afterAll(() => reader.close())

const comfyNodes = { get: async () => undefined, warning: () => undefined }
const { signal } = new AbortController()

function readAt(path: string) {
  const { readPath } = createFileReader(
    createReadUnderstood({ reader, comfyNodes }),
    createLocalFiles({ roots: () => [] }),
  )
  return readPath(path, { format: 'auto' }, { actor: OWNER, signal })
}

const INFOTEXT = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1'

test('a file beside a picture that cannot be read is passed over', async () => {
  using place = tempDir()
  const at = (name: string): string => join(place.path, name)
  writeFileSync(at('a.png'), aPng())
  writeFileSync(at('a.txt'), INFOTEXT)
  writeFileSync(at('a.json'), JSON.stringify({ sui_image_params: { model: 'harborMix_v2', prompt: 'a pier' } }))
  const localFiles = createLocalFiles({ roots: () => [] })
  const { readPath } = createFileReader(createReadUnderstood({ reader, comfyNodes }), {
    ...localFiles,
    async find(path, actor) {
      const found = await localFiles.find(path, actor)
      // As one that is there and may not be read: who runs the tests may read everything.
      if (path.endsWith('.txt')) rmSync(path)
      return found
    },
  })
  const { prompt, media } = await readPath(at('a.png'), { format: 'auto' }, { actor: OWNER, signal })
  expect(prompt.sources).toMatchObject([{ place: 'sidecar .json:text', format: 'swarmui' }])
  expect(media).toBe('image')
})

describe('a file beside a picture as Windows writes it', () => {
  const swarm = JSON.stringify({ sui_image_params: { model: 'harborMix_v2', prompt: 'a pier' } })
  const marked = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')
  test.each([
    ['.txt in UTF-16', '.txt', marked(INFOTEXT.replaceAll('\n', '\r\n')), 'a1111'],
    ['.txt in UTF-16, big endian', '.txt', marked(INFOTEXT).swap16(), 'a1111'],
    ['.txt in UTF-8 with a mark', '.txt', Buffer.from(`\ufeff${INFOTEXT}`), 'a1111'],
    ['.json in UTF-16', '.json', marked(swarm), 'swarmui'],
    ['.json in UTF-8 with a mark', '.json', Buffer.from(`\ufeff${swarm}`), 'swarmui'],
  ])('%s', async (_, ending, bytes, format) => {
    using place = tempDir()
    writeFileSync(join(place.path, 'a.png'), aPng())
    writeFileSync(join(place.path, `a${ending}`), bytes)
    const { prompt } = await readAt(join(place.path, 'a.png'))
    expect(prompt.sources).toMatchObject([{ place: `sidecar ${ending}:text`, format }])
  })
})

describe('a .json file that holds no prompt', () => {
  const codeOf = async (text: string): Promise<unknown> => {
    using place = tempDir()
    const path = join(place.path, 'settings.json')
    writeFileSync(path, text)
    const reading = await readAt(path)
    return rejection((async () => toAnalysis(reading))())
  }
  test.each([
    ['JSON', '{"editor": {"tabs": 2}}', 'not_found'],
    ['JSON with comments', '{\n "editor": {"tabs": 2,}, // mine\n}', 'not_found'],
    ['a graph that is cut off', '{"1": {"class_type": "VAELoader", "inputs": {"vae_na', 'invalid_input'],
  ])('%s: %s', async (_, text, code) => {
    expect(await codeOf(text)).toMatchObject({ code })
  })
})
