import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foldersIn, readWantedFolder } from '../../../src/models/fetch/model-folder.ts'
import { createPlacement } from '../../../src/models/fetch/placement.ts'
import { placeModel } from '../../../src/models/layout.ts'
import { MODEL_TYPES, type ModelType } from '../../../src/models/model-file.ts'
import { LAYOUTS, type Layout, type ModelRoot } from '../../../src/models/root.ts'
import { rejection } from '../../support/rejection.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

const aRoot = (path: string, layout: Layout, type?: ModelType): ModelRoot => ({ path, layout, type })

describe('the folder of a type below the models of a UI', () => {
  test.each<[Layout, Partial<Record<ModelType, string>>]>([
    [
      'comfyui',
      {
        checkpoint: 'checkpoints',
        diffusion_model: 'diffusion_models',
        lora: 'loras',
        upscaler: 'upscale_models',
        motion_module: 'animatediff_models',
        other: '',
      },
    ],
    [
      'a1111',
      {
        checkpoint: 'Stable-diffusion',
        lora: 'Lora',
        vae: 'VAE',
        controlnet: 'ControlNet',
        upscaler: 'ESRGAN',
        embedding: 'embeddings',
        motion_module: 'animatediff_models',
      },
    ],
    [
      'swarmui',
      {
        checkpoint: 'Stable-Diffusion',
        lora: 'Lora',
        embedding: 'Embeddings',
        vae: 'VAE',
        text_encoder: 'text_encoders',
      },
    ],
    ['fooocus', { checkpoint: 'checkpoints', diffusion_model: 'checkpoints', lora: 'loras', ipadapter: 'controlnet' }],
    ['invokeai', { checkpoint: 'main', lora: 'lora', embedding: 'embedding', vae: 'vae' }],
    [
      'stabilitymatrix',
      { checkpoint: 'StableDiffusion', lora: 'Lora', text_encoder: 'TextEncoders', controlnet: 'ControlNet' },
    ],
    ['folder', { checkpoint: 'checkpoints', lora: 'loras' }],
  ])('%s', (layout, folders) => {
    for (const [type, folder] of Object.entries(folders)) {
      const [first] = foldersIn(aRoot('/ui/models', layout), readWantedFolder(type as ModelType, undefined))
      expect([type, first]).toEqual([type, folder])
    }
  })

  test.each(LAYOUTS.filter((layout) => layout !== 'huggingface'))(
    '%s: the library finds each type again where it was put',
    (layout) => {
      for (const type of MODEL_TYPES) {
        const [folder = ''] = foldersIn(aRoot('/ui/models', layout), readWantedFolder(type, undefined))
        const found = placeModel('/ui/models', join(folder, 'style/x.safetensors'))
        // Two types may share a folder there.
        const sharesFolder = ['diffusion_model', 'ipadapter', 'detector', 'checkpoint'].includes(type)
        if (!sharesFolder)
          expect([type, found]).toEqual([type, { type, name: type === 'other' ? found.name : 'style/x.safetensors' }])
      }
    },
  )

  test('the cache of Hugging Face takes nothing', () => {
    for (const type of MODEL_TYPES) {
      expect(foldersIn(aRoot('/hub', 'huggingface'), readWantedFolder(type, undefined))).toEqual([])
    }
  })
})

describe('a folder that is declared', () => {
  test.each<[Layout, ModelType, string, string | undefined]>([
    // Known under any of its names.
    ['comfyui', 'other', 'loras', 'loras'],
    ['comfyui', 'other', 'models/loras', 'loras'],
    ['comfyui', 'other', 'ComfyUI/models/clip', 'text_encoders'],
    ['comfyui', 'text_encoder', 'clip', 'text_encoders'],
    ['comfyui', 'diffusion_model', 'unet', 'diffusion_models'],
    ['a1111', 'other', 'loras', 'Lora'],
    ['swarmui', 'other', 'checkpoints', 'Stable-Diffusion'],
    ['stabilitymatrix', 'lora', 'loras', 'Lora'],
    // It says more than the type does.
    ['comfyui', 'checkpoint', 'loras', 'loras'],
    ['comfyui', 'vae', 'vae_approx', 'vae_approx'],
    ['comfyui', 'detector', 'sams', 'sams'],
    ['comfyui', 'other', 'facerestore_models', 'facerestore_models'],
    ['comfyui', 'detector', 'ultralytics/bbox', 'ultralytics/bbox'],
    ['comfyui', 'lora', 'loras\\style', 'loras/style'],
    // Of a node; of UIs ComfyUI alone has them.
    ['comfyui', 'other', 'LLM', 'LLM'],
    ['comfyui', 'lora', 'my_loras_2', 'my_loras_2'],
    ['a1111', 'lora', 'my_loras_2', 'Lora'],
    // A folder of no UI is as good for one as for another.
    ['folder', 'other', 'LLM', 'LLM'],
    ['folder', 'lora', 'my_loras_2', 'my_loras_2'],
    ['comfyui', 'checkpoint', 'default', 'checkpoints'],
    ['comfyui', 'lora', 'custom_nodes/x/models', 'loras'],
    // Nowhere else.
    ['comfyui', 'lora', '../../etc', 'loras'],
    ['comfyui', 'lora', '/etc', 'loras'],
    ['comfyui', 'lora', '..', 'loras'],
    ['comfyui', 'lora', 'a/b', 'loras'],
    ['comfyui', 'lora', '', 'loras'],
  ])('%s, %s, %p: %s', (layout, type, declared, expected) => {
    const [first] = foldersIn(aRoot('/ui/models', layout), readWantedFolder(type, declared))
    expect(first).toBe(expected)
  })
})

describe('a root of one type', () => {
  test.each<[string, ModelType | undefined, ModelType, string | undefined, boolean]>([
    ['/x/store', 'lora', 'lora', undefined, true],
    ['/x/store', 'lora', 'vae', undefined, false],
    ['/x/store', 'lora', 'other', 'loras', true],
    ['/x/vae_approx', 'vae', 'vae', undefined, false],
    ['/x/vae_approx', 'vae', 'vae', 'vae_approx', true],
    ['/x/store', 'vae', 'vae', 'vae_approx', false],
    ['/x/store', 'lora', 'lora', 'my_own', false],
    ['/x/my_own', undefined, 'lora', 'my_own', true],
    // By its name alone.
    ['/x/loras', undefined, 'lora', undefined, true],
    ['/x/loras', undefined, 'vae', undefined, false],
  ])('%s of %p takes %s declared in %p: %p', (path, type, wanted, declared, takes) => {
    const folders = foldersIn(aRoot(path, 'comfyui', type), readWantedFolder(wanted, declared))
    expect(folders).toEqual(takes ? [''] : [])
  })
})

describe('on the disk', () => {
  let folder: TempDir
  let models: string
  beforeEach(() => {
    folder = tempDir()
    models = join(folder.path, 'ComfyUI/models')
    mkdirSync(models, { recursive: true })
  })
  afterEach(() => folder[Symbol.dispose]())

  const place = (
    roots: readonly ModelRoot[],
    wanted: { type: ModelType; folder?: string },
    name = '',
    downloadRoot = '',
  ) =>
    createPlacement({
      rootsOf: async (named) => (named.length > 0 ? named.map((path) => aRoot(path, 'folder')) : roots),
      downloadRoot,
    }).place(wanted, { folder: name })

  test('the folder is made, and a file in it has the name that the UI lists', async () => {
    const { dir, nameOf } = await place([aRoot(models, 'comfyui')], { type: 'lora' }, 'style')
    expect(dir).toBe(join(models, 'loras/style'))
    expect(existsSync(dir)).toBe(true)
    expect(nameOf('foo.safetensors')).toBe('style/foo.safetensors')
  })

  test('a folder that is declared and repeated by the prompt is there once', async () => {
    const { dir } = await place([aRoot(models, 'comfyui')], { type: 'detector', folder: 'ultralytics/bbox' }, 'bbox')
    expect(dir).toBe(join(models, 'ultralytics/bbox'))
  })

  test('of several spellings the one that exists is taken, where no UI asks for another', async () => {
    mkdirSync(join(models, 'Lora'))
    expect((await place([aRoot(models, 'folder')], { type: 'lora' })).dir).toBe(join(models, 'Lora'))
    expect((await place([aRoot(models, 'comfyui')], { type: 'lora' })).dir).toBe(join(models, 'loras'))
  })

  test('a root for the type goes before the one for all, and the UI that was found first before others', async () => {
    const [extra, other] = ['extra', 'webui/models'].map((name) => join(folder.path, name))
    for (const path of [extra, other]) mkdirSync(path ?? '', { recursive: true })
    const roots = [
      aRoot(other ?? '', 'a1111', 'lora'),
      aRoot(extra ?? '', 'comfyui', 'lora'),
      aRoot(models, 'comfyui'),
      aRoot(other ?? '', 'a1111'),
    ]
    expect((await place(roots, { type: 'lora' })).dir).toBe(extra ?? '')
    expect((await place(roots, { type: 'vae' })).dir).toBe(join(models, 'vae'))
  })

  test('AIRKEEP_DOWNLOAD_ROOT goes first, and has to be there', async () => {
    const store = join(folder.path, 'store')
    const roots = [aRoot(models, 'comfyui')]
    expect(await rejection(place(roots, { type: 'vae' }, '', store))).toMatchObject({ code: 'not_found' })
    mkdirSync(store)
    expect((await place(roots, { type: 'vae' }, '', store)).dir).toBe(join(store, 'vae'))
    // One for a single type leaves the rest to the others.
    const loras = join(folder.path, 'loras')
    mkdirSync(loras)
    expect((await place(roots, { type: 'lora' }, '', loras)).dir).toBe(loras)
    expect((await place(roots, { type: 'vae' }, '', loras)).dir).toBe(join(models, 'vae'))
  })

  test('one that cannot be written to is passed over', async () => {
    // Whoever runs the tests may be root, whom permissions do not keep out: a file in the way does.
    writeFileSync(join(models, 'vae'), '')
    const other = join(folder.path, 'other/models')
    mkdirSync(other, { recursive: true })
    chmodSync(other, 0o755)
    const missing = join(folder.path, 'missing/models')
    const roots = [aRoot(missing, 'comfyui'), aRoot(other, 'comfyui')]
    expect((await place(roots, { type: 'vae' })).dir).toBe(join(other, 'vae'))
    expect(await rejection(place([aRoot(models, 'comfyui')], { type: 'vae' }))).toMatchObject({ code: 'forbidden' })
  })

  test.each([
    ['the folder of a node', 'linked', { type: 'lora' as const, folder: 'linked' }, ''],
    ['a folder of a prompt', 'loras/style', { type: 'lora' as const }, 'style'],
  ])('a link in the place of %s is followed only to a model folder', async (_, at, wanted, name) => {
    const outside = join(folder.path, 'outside')
    mkdirSync(outside)
    mkdirSync(join(models, 'loras'))
    symlinkSync(outside, join(models, at))
    const roots = [aRoot(models, 'comfyui')]
    const error = await rejection(place(roots, wanted, name))
    expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('outside') })
    const { dir } = await place([...roots, aRoot(outside, 'folder')], wanted, name)
    expect(dir).toBe(join(models, at))
  })

  test('the folder of a type may lie on another volume', async () => {
    const volume = join(folder.path, 'volume')
    mkdirSync(volume)
    symlinkSync(volume, join(models, 'loras'))
    const { dir, nameOf } = await place([aRoot(models, 'comfyui')], { type: 'lora' }, 'style')
    expect(dir).toBe(join(models, 'loras/style'))
    expect(nameOf('x.safetensors')).toBe('style/x.safetensors')
    expect(existsSync(join(volume, 'style'))).toBe(true)
  })

  test('a root that is a link itself is the folder that it leads to', async () => {
    const volume = join(folder.path, 'volume')
    mkdirSync(volume)
    const linked = join(folder.path, 'linked-models')
    symlinkSync(volume, linked)
    const { dir } = await place([aRoot(linked, 'comfyui')], { type: 'lora' })
    expect(dir).toBe(join(linked, 'loras'))
    expect(existsSync(join(volume, 'loras'))).toBe(true)
  })

  test.each<[ModelRoot[], RegExp]>([
    [[], /no model folder is known/],
    [[aRoot('/x/loras', 'comfyui', 'lora')], /none of the model folders is for vae/],
    [[aRoot('/x/hub', 'huggingface')], /none of the model folders is for vae/],
  ])('where nothing takes it, the error says so', async (roots, words) => {
    const error = await rejection(place(roots, { type: 'vae' }))
    expect(error).toMatchObject({ code: 'not_found', message: expect.stringMatching(words) })
  })
})

describe('the home of a UI that the caller names', () => {
  test.each([
    ['comfyui', 'models', 'models/loras'],
    // A home of no UI that is known.
    ['folder', '', 'models/loras'],
  ] as const)('%s: its folders alone, whatever the settings say', async (layout, own, expected) => {
    using folder = tempDir()
    const at = (path: string): string => join(folder.path, path)
    for (const path of ['own/models', 'named', 'other/models']) mkdirSync(at(path), { recursive: true })
    const rootsOf = async (named: readonly string[]): Promise<ModelRoot[]> => {
      const [first] = named
      if (first === undefined) return [aRoot(at('own/models'), 'comfyui')]
      return [aRoot(first === at('other') ? join(first, own) : first, first === at('other') ? layout : 'folder')]
    }
    const placement = createPlacement({ rootsOf, downloadRoot: at('named') })
    const place = await placement.place({ type: 'lora', home: at('other') }, { folder: '' })
    expect(place.dir).toBe(at(`other/${expected}`))
    expect((await placement.place({ type: 'lora' }, { folder: '' })).dir).toBe(at('named/loras'))
  })

  test('one without folders takes nothing', async () => {
    using folder = tempDir()
    const placement = createPlacement({ rootsOf: async () => [], downloadRoot: '' })
    const placing = placement.place({ type: 'lora', home: folder.path }, { folder: '' })
    expect(await rejection(placing)).toMatchObject({ code: 'not_found' })
  })
})

describe('folders of models that the caller names', () => {
  let folder: TempDir
  let at: (path: string) => string
  beforeEach(() => {
    folder = tempDir()
    at = (path) => join(folder.path, path)
    for (const path of ['own', 'first', 'second']) mkdirSync(at(path))
  })
  afterEach(() => folder[Symbol.dispose]())

  const find = async (home: readonly string[], downloadRoot = '', type: ModelType = 'lora'): Promise<string> => {
    const rootsOf = async (named: readonly string[]): Promise<ModelRoot[]> =>
      named.length > 0 ? named.map((path) => aRoot(path, 'folder')) : [aRoot(at('own'), 'comfyui')]
    return (await createPlacement({ rootsOf, downloadRoot }).find({ type, home }, { folder: '' })).dir
  }

  test('the first goes before the next, and all before what the settings say', async () => {
    expect(await find([at('second'), at('first')])).toBe(at('second/loras'))
    expect(await find([at('first')], at('second'))).toBe(at('first/loras'))
    // A download root that is not mounted is needed by nobody else.
    expect(await find([at('first')], at('missing'))).toBe(at('first/loras'))
  })

  test('what they do not take goes where it goes else', async () => {
    mkdirSync(at('first/vae'))
    expect(await find([at('first/vae'), at('second')])).toBe(at('second/loras'))
    expect(await find([at('first/vae')])).toBe(at('own/loras'))
    expect(await find([at('first/vae')], at('second'))).toBe(at('second/loras'))
  })

  test('links for types are followed, but not those within a model folder of this host', async () => {
    mkdirSync(at('volume'))
    mkdirSync(at('own/inner'))
    for (const path of ['first/loras', 'own/inner/loras']) symlinkSync(at('volume'), at(path))
    expect(await find([at('first')])).toBe(at('first/loras'))
    expect(await find([at('own/inner')])).toBe(at('own/loras'))
  })
})
