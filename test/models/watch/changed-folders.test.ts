import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { changedFolders } from '../../../src/models/watch/changed-folders.ts'
import { tempDir } from '../../support/temp-dir.ts'

const folder = tempDir()
afterAll(() => folder[Symbol.dispose]())
for (const path of ['loras/style', 'loras/extra_data-vid_2', 'models--o--r/blobs', 'vae', '.git']) {
  mkdirSync(join(folder.path, path), { recursive: true })
}
for (const path of ['a.safetensors', 'loras/b.safetensors', 'loras/b.png', 'loras/b.json', 'vae/c.pt.part']) {
  writeFileSync(join(folder.path, path), 'x')
}
writeFileSync(join(folder.path, 'loras/extra_data-vid_2/model_dict-mid_1-vid_2.json'), 'x')
symlinkSync('nowhere', join(folder.path, 'vae/link'))

const cases: [what: string, events: string[], folders: string[]][] = [
  ['nothing', [], []],
  ['everything', ['vae/c.pt.part', ''], ['']],
  ['a model', ['loras/b.safetensors'], ['loras']],
  ['a model in the root', ['a.safetensors', 'loras/b.safetensors'], ['']],
  ['a model that went', ['loras/style/gone.safetensors'], ['loras/style']],
  ['a model that is written', ['vae/c.pt.part'], ['vae']],
  ['a marker that went', ['vae/c.pt.aria2'], ['vae']],
  ['a picture', ['loras/b.png'], []],
  ['a sidecar', ['loras/b.json'], ['loras']],
  ["civitdl's notes", ['loras/extra_data-vid_2/model_dict-mid_1-vid_2.json'], ['loras']],
  ['a folder', ['loras/style'], ['loras/style']],
  ['what may have been a folder', ['loras/gone'], ['loras/gone']],
  ['what may have been a folder in the root', ['gone'], ['gone']],
  ['a link', ['vae/link'], ['vae']],
  ['hidden ones', ['.git', '.git/x.pt', 'loras/.tmp/x.pt', '.x.pt'], []],
  ['blobs that are written', ['models--o--r/blobs/abc.incomplete', 'models--o--r/blobs'], []],
  [
    'folders within each other',
    ['loras/style/x.pt', 'loras/b.safetensors', 'loras/style', 'vae/link'],
    ['loras', 'vae'],
  ],
  ['folders whose names begin alike', ['loras/style', 'loras/style2'], ['loras/style', 'loras/style2']],
]
test.each(cases)('%s', (_what, events, folders) => {
  expect(changedFolders(folder.path, events).toSorted()).toEqual(
    folders.map((path) => join(folder.path, path)).toSorted(),
  )
})
