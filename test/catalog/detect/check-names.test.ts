import { expect, test } from 'bun:test'
import type { FileCheck } from '../../../src/catalog/detect/page-check.ts'
import type { ExpectedFile } from '../../../src/catalog/expected-file.ts'
import {
  checkFile,
  checkPage,
  civitdlFile,
  expectedFile,
  HOME,
  type ListingChanges,
  reportOf,
} from '../../support/catalog-detect.ts'

const DIGEST = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const CIVITDL = 'harbor-mid_900100-vid_2255476.safetensors'
const ids = { model_id: 900100, version_id: 2255476 }
const civitdl = civitdlFile(ids)
const named = (path: string): string => `${HOME}/${path}`

interface Case {
  readonly name: string
  readonly file: ExpectedFile
  readonly host: ListingChanges
  readonly check: Partial<FileCheck> & { readonly status: FileCheck['status'] }
}

const unnamed = expectedFile({ source: { kind: 'civitai', version_id: 2255476 }, names: [], folder: 'models/Lora' })

const cases: readonly Case[] = [
  ...(
    [
      ['models/VAE', 'models/vae', 'vae-ft-mse-840000-ema-pruned.safetensors'],
      ['models/Lora', 'models/loras', 'lora-harbor.safetensors'],
      ['models/Lora', 'models/loras', 'LoRA_style.safetensors'],
      ['models/Stable-diffusion', 'models/checkpoints', 'model_v2_fp16.safetensors'],
      ['models/unet', 'models/diffusion_models', 'unet-q8.gguf'],
      ['models/VAE-approx', 'models/vae_approx', 'Vae_approx.pt'],
      ['models/VAE', 'models/vae', 'vae.safetensors'],
      ['models/VAE', 'models/vae', 'diffusion_pytorch_model.fp16.safetensors'],
      ['models/clip', 'models/text_encoders', 'model-00001-of-00002.safetensors'],
      ['models/VAE/sdxl', 'models/vae/sdxl', 'diffusion_pytorch_model.safetensors'],
      ['extensions/sd-webui-controlnet/models', 'models/controlnet', 'diffusion_pytorch_model.safetensors'],
    ] as const
  ).map(
    ([folder, own, name]): Case => ({
      name: `elsewhere: ${name} in ${own}, where the page has ${folder}`,
      file: expectedFile({ folder, names: [name] }),
      host: { files: { [`${own}/${name}`]: 9 } },
      check: { status: 'elsewhere', path: named(`${own}/${name}`) },
    }),
  ),
  {
    name: 'elsewhere: a name that is its own, wherever it lies in a folder of that kind',
    file: expectedFile({ names: ['vae-ft-mse-840000-ema-pruned.safetensors'] }),
    host: { files: { 'models/vae/mine/vae-ft-mse-840000-ema-pruned.safetensors': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: 'missing: a bare word in a folder of another kind',
    file: expectedFile({ folder: 'models/text_encoders', names: ['model.safetensors'] }),
    host: { files: { 'models/vae/model.safetensors': 9 } },
    check: { status: 'missing' },
  },
  ...['x_2255476.safetensors', '2255476.safetensors', 'Harbor/x 2255476.gguf', 'x-2255476 (1).safetensors'].map(
    (name): Case => ({
      name: `present: the number of the version stands in ${name}`,
      file: civitdl,
      host: { files: { [`models/Lora/${name}`]: 9 } },
      check: { status: 'present', path: named(`models/Lora/${name}`), matched_by: 'version_in_name' },
    }),
  ),
  {
    name: 'elsewhere: the number of the version, in a folder of the same kind',
    file: civitdl,
    host: { files: { 'models/loras/x_2255476.safetensors': 9 } },
    check: { status: 'elsewhere', matched_by: 'version_in_name' },
  },
  {
    name: 'present: what civitdl wrote outweighs a number in a name',
    file: civitdl,
    host: { files: { 'models/Lora/2255476.safetensors': 9, [`models/Lora/Harbor/${CIVITDL}`]: 9 } },
    check: { status: 'present', path: named(`models/Lora/Harbor/${CIVITDL}`), matched_by: 'civitdl_version' },
  },
  {
    name: 'missing: the number is within another, or in a folder of another kind',
    file: civitdl,
    host: {
      files: {
        'models/Lora/x_12255476.safetensors': 9,
        'models/Lora/x_2255476b.safetensors': 9,
        'models/vae/x_2255476.safetensors': 9,
        'models/Lora/x_2255476.preview.png': 9,
      },
    },
    check: { status: 'missing' },
  },
  {
    name: 'missing: what has the number has another hash than the page gives',
    file: civitdlFile(ids, { sha256: DIGEST }),
    host: { files: { 'models/Lora/x_2255476.pt': 9 }, digests: { 'models/Lora/x_2255476.pt': OTHER } },
    check: { status: 'missing' },
  },
  ...['harbor-mid_900100-vid_2255476-fp16.safetensors', 'harbor-mid_900100-vid_2255476 (1).safetensors'].map(
    (name): Case => ({
      name: `present by the token of civitdl in ${name}`,
      file: civitdl,
      host: { files: { [`models/Lora/${name}`]: 9 } },
      check: { status: 'present', matched_by: 'civitdl_version' },
    }),
  ),
  {
    name: 'unknown: the server names it, and a model lies there that may be it',
    file: unnamed,
    host: { files: { 'models/Lora/nice.safetensors': 9 } },
    check: { status: 'unknown', reason: expect.stringContaining('none there is known as version 2255476') },
  },
  {
    name: 'unknown: the server names it, and a model in a folder as good may be it',
    file: unnamed,
    host: { files: { 'models/loras/nice.safetensors.part': 9 } },
    check: { status: 'unknown' },
  },
  {
    name: 'missing: the server names it, and nothing there may be it',
    file: unnamed,
    host: { files: { 'models/Lora/nice.json': 9, 'models/Lora/x-mid_1-vid_2.pt': 9, 'models/vae/nice.pt': 9 } },
    check: { status: 'missing' },
  },
]

test.each(cases.map((each) => [each.name, each] as const))('%s', (_, { file, host, check }) => {
  expect(checkFile(file, host)).toMatchObject(check)
})

test('a number in a name alone is noted', () => {
  const { notes, downloaded } = checkPage(reportOf([civitdl]), { files: { 'models/Lora/2255476.pt': 9 } })
  expect({ notes, downloaded }).toEqual({
    notes: ['*-mid_900100-vid_2255476.* is there by the number in its name alone: compare its SHA-256'],
    downloaded: true,
  })
})
