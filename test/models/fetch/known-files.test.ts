import { describe, expect, test } from 'bun:test'
import { isSha256Hex } from '../../../src/hash/digest.ts'
import { parseHuggingFaceLink } from '../../../src/huggingface/links.ts'
import { readDeclaredUrl } from '../../../src/models/fetch/declared-url.ts'
import { findKnownFile, knownFiles } from '../../../src/models/fetch/known-files/find-known-file.ts'
import { isGeneric, readTable } from '../../../src/models/fetch/known-files/read-table.ts'
import { equivalentFolders } from '../../../src/models/layout.ts'
import { MODEL_TYPES, type ModelType, modelExtension } from '../../../src/models/model-file.ts'

const all = knownFiles()
const UNTYPED_FOLDERS = new Set(['facerestore_models'])

describe('each known file', () => {
  test.each(all.map((file) => [file.url, file] as const))(
    '%s',
    (_, { name, names, folders, types, ref, url, sha256 }) => {
      const { protocol, username, search, hash, href, pathname } = new URL(url)
      expect([protocol, username, search, hash, href]).toEqual(['https:', '', '', '', url])
      expect(readDeclaredUrl(url, { byCaller: false })).toEqual(ref)
      if (ref.kind === 'huggingface')
        expect(parseHuggingFaceLink(url)).toEqual({ repo: ref.repo, revision: ref.revision, path: ref.path })
      for (const each of names)
        expect({ each, extension: modelExtension(each) }).not.toEqual({ each, extension: undefined })
      expect(names[0]).toBe(name)
      expect(
        isGeneric(pathname.slice(pathname.lastIndexOf('/') + 1)) || names.some((each) => url.endsWith(`/${each}`)),
      ).toBe(true)
      expect(folders.length).toBeGreaterThan(0)
      expect(types).toHaveLength(folders.length)
      for (const [at, folder] of folders.entries()) {
        const [top = ''] = folder.split('/')
        // Known to some UI, and of a type that says what the file is.
        expect(equivalentFolders(top)).toContain(top)
        expect(MODEL_TYPES).toContain(types[at] as ModelType)
        expect(types[at] === 'other').toBe(UNTYPED_FOLDERS.has(top))
      }
      if (sha256 !== undefined) expect(isSha256Hex(sha256)).toBe(true)
      const path = `${folders[0]}/${name}`
      for (const type of types) expect(findKnownFile(path, type).map((found) => found.url)).toContain(url)
    },
  )

  test('stands there once', () => {
    expect(all).toHaveLength(299)
    expect(new Set(all.map(({ url }) => url)).size).toBe(all.length)
    const digests = all.flatMap(({ sha256 }) => sha256 ?? [])
    expect(new Set(digests).size).toBe(digests.length)
    expect(digests.length).toBeGreaterThan(30)
    const places = all.map(({ folders, name, sha256, url }) => `${folders[0]}/${name} ${sha256 ?? ''} ${url}`)
    expect(new Set(places).size).toBe(all.length)
  })

  // What one host lists under one name in one folder cannot be two files, unless they are two sources of it.
  test('shares its place with another source only where that is meant', () => {
    const count = new Map<string, number>()
    for (const { folders, name } of all) {
      for (const folder of folders) count.set(`${folder}/${name}`, (count.get(`${folder}/${name}`) ?? 0) + 1)
    }
    expect([...count].filter(([, times]) => times > 1).map(([place]) => place)).toEqual([
      'vae/ltx-2.5-audio-vae-bf16.safetensors',
      'vae/ltx-2.5-video-vae-conv-bf16.safetensors',
    ])
  })
})

const KIJAI = 'https://huggingface.co/Kijai/flux-fp8/resolve/main/'
const SWARM = 'https://huggingface.co/mcmonkey/swarm-vaes/resolve/main/'

test.each<readonly [string, ModelType, readonly string[]]>([
  ['4x-UltraSharp.pth', 'upscaler', ['https://huggingface.co/Kim2091/UltraSharp/resolve/main/4x-UltraSharp.pth']],
  ['4x-UltraSharp', 'upscaler', ['https://huggingface.co/Kim2091/UltraSharp/resolve/main/4x-UltraSharp.pth']],
  ['mine\\4x-UltraSharp.pth ', 'other', ['https://huggingface.co/Kim2091/UltraSharp/resolve/main/4x-UltraSharp.pth']],
  ['4x-ultrasharp.pth', 'upscaler', []],
  ['4x-UltraSharp.safetensors', 'upscaler', []],
  ['4x-UltraSharp.pth', 'lora', []],
  [
    'sd_xl_base_1.0',
    'checkpoint',
    ['https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/resolve/main/sd_xl_base_1.0.safetensors'],
  ],
  [
    'sd_xl_base_1.0.safetensors',
    'diffusion_model',
    ['https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/resolve/main/sd_xl_base_1.0.safetensors'],
  ],
  [
    'RealESRGAN_x4plus_anime_6B.pth',
    'upscaler',
    ['https://github.com/xinntao/Real-ESRGAN/releases/download/v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth'],
  ],
  ['codeformer-v0.1.0.pth', 'other', ['https://github.com/sczhou/CodeFormer/releases/download/v0.1.0/codeformer.pth']],
  // The digest first.
  [
    'ltx-2.5-audio-vae-bf16.safetensors',
    'vae',
    [
      `${SWARM}ltx-2.5-audio-vae-bf16.safetensors`,
      'https://huggingface.co/Lightricks/LTX-2.5/resolve/main/vae/ltx-2.5-audio-vae-bf16.safetensors',
    ],
  ],
  // Under the name by which it is saved, and by that of the source.
  [
    'ae.safetensors',
    'vae',
    [
      `${SWARM}flux_ae.safetensors`,
      'https://huggingface.co/black-forest-labs/FLUX.1-schnell/resolve/main/ae.safetensors',
    ],
  ],
  ['flux_ae.safetensors', 'vae', [`${SWARM}flux_ae.safetensors`]],
  // Two files of one name: the loader tells which is the likelier.
  [
    'flux1-dev-fp8.safetensors',
    'diffusion_model',
    [
      `${KIJAI}flux1-dev-fp8.safetensors`,
      'https://huggingface.co/Comfy-Org/flux1-dev/resolve/main/flux1-dev-fp8.safetensors',
    ],
  ],
  [
    'flux1-dev-fp8.safetensors',
    'checkpoint',
    [
      'https://huggingface.co/Comfy-Org/flux1-dev/resolve/main/flux1-dev-fp8.safetensors',
      `${KIJAI}flux1-dev-fp8.safetensors`,
    ],
  ],
  // Nothing without its folder.
  ['model.safetensors', 'text_encoder', []],
  ['model', 'other', []],
  ['diffusion_pytorch_model.safetensors', 'controlnet', []],
  ['diffusion_pytorch_model_promax.safetensors', 'controlnet', []],
  ['SDXL/diffusion_pytorch_model.safetensors', 'controlnet', []],
  [
    'controlnet-tile-sdxl-1.0/diffusion_pytorch_model.safetensors',
    'controlnet',
    ['https://huggingface.co/xinsir/controlnet-tile-sdxl-1.0/resolve/main/diffusion_pytorch_model.safetensors'],
  ],
  [
    'SDXL\\controlnet-tile-sdxl-1.0\\diffusion_pytorch_model.safetensors',
    'controlnet',
    ['https://huggingface.co/xinsir/controlnet-tile-sdxl-1.0/resolve/main/diffusion_pytorch_model.safetensors'],
  ],
  [
    'models/controlnet/SDXL/controlnet-tile-sdxl-1.0/diffusion_pytorch_model.safetensors',
    'controlnet',
    ['https://huggingface.co/xinsir/controlnet-tile-sdxl-1.0/resolve/main/diffusion_pytorch_model.safetensors'],
  ],
  [
    'mage_flow_vae.safetensors',
    'vae',
    ['https://huggingface.co/microsoft/Mage-Flow/resolve/main/vae/diffusion_pytorch_model.safetensors'],
  ],
  ['vae/diffusion_pytorch_model.safetensors', 'vae', []],
  ['__proto__', 'other', []],
  ['', 'other', []],
  ['checkpoints/', 'other', []],
])('%s as %s', (name, type, expected) => {
  expect(findKnownFile(name, type).map(({ url }) => url)).toEqual([...expected])
})

test.each([
  '  checkpoints a.pt',
  'acme/harbor\n  nowhere a.pt',
  'acme/harbor\n  checkpoints',
  'acme\n  checkpoints a.pt',
])('a table that cannot be read says where: %j', (table) => {
  expect(() => readTable(table)).toThrow('Cannot read the line')
})
