import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FOLDER_CLASSES } from '../../src/models/known-folders.ts'
import { equivalentFolders, folderFor, placeModel } from '../../src/models/layout.ts'
import { MODEL_TYPES, type ModelType } from '../../src/models/model-file.ts'
import { LAYOUTS, type Layout } from '../../src/models/root.ts'

/** Every folder of every UI that is known, and what it holds. */
const FOLDERS: Readonly<Record<ModelType, string>> = {
  checkpoint: 'checkpoints Stable-diffusion Stable-Diffusion StableDiffusion',
  diffusion_model: 'diffusion_models unet DiffusionModels Unet unet_gguf',
  lora: 'loras Lora lora LyCORIS LORAS',
  embedding: 'embeddings Embeddings TextualInversion embedding',
  vae: 'vae VAE vae_approx VAE-approx ApproxVAE',
  text_encoder: 'text_encoders clip text_encoder TextEncoders CLIP clip_gguf',
  clip_vision: 'clip_vision ClipVision',
  controlnet: 'controlnet ControlNet t2i_adapter T2IAdapter model_patches ModelPatches',
  upscaler: 'upscale_models ESRGAN esrgan RealESRGAN SwinIR LDSR DAT latent_upscale_models',
  ipadapter: 'ipadapter IpAdapter ip_adapter',
  style_model: 'style_models StyleModels',
  hypernetwork: 'hypernetworks Hypernetwork',
  motion_module: 'animatediff_models',
  detector: 'ultralytics adetailer AfterDetailer Ultralytics yolov8 sams sam Sams',
  other: 'facerestore_models GFPGAN Codeformer gligen photomaker audio_encoders karlo svd tensorrt inpaint nothing',
}

describe('placeModel: a folder of', () => {
  test.each(Object.entries(FOLDERS))('%s', (type, folders) => {
    for (const folder of folders.split(' ')) {
      expect([folder, placeModel('/m', `${folder}/sub/x.bin`).type]).toEqual([folder, type])
    }
  })
})

describe('placeModel', () => {
  const CASES: readonly (readonly [root: string, relative: string, type: string, name: string])[] = [
    ['/m', 'loras/style/foo.safetensors', 'lora', 'style/foo.safetensors'],
    ['/m', 'a/b/loras/foo.safetensors', 'lora', 'foo.safetensors'],
    ['/m', 'checkpoints/loras/foo.safetensors', 'checkpoint', 'loras/foo.safetensors'],
    ['/m', 'stable diffusion/foo.ckpt', 'checkpoint', 'foo.ckpt'],
    ['/data/loras', 'foo.safetensors', 'lora', 'foo.safetensors'],
    ['/data/loras', 'sub/foo.safetensors', 'lora', 'sub/foo.safetensors'],
    ['/data/loras', 'vae/foo.safetensors', 'vae', 'foo.safetensors'],
    ['/m', 'unknown/foo.safetensors', 'other', 'unknown/foo.safetensors'],
    ['/m', 'constructor/__proto__/foo.safetensors', 'other', 'constructor/__proto__/foo.safetensors'],
    ['/m', 'foo.safetensors', 'other', 'foo.safetensors'],
    ['/', 'loras/foo.safetensors', 'lora', 'foo.safetensors'],
    // What is of no type of its own does not hide what is within.
    ['/m', 'svd/checkpoints/foo.safetensors', 'checkpoint', 'foo.safetensors'],
    ['/m', 'gligen/sub/foo.safetensors', 'other', 'sub/foo.safetensors'],
    ['/m', 'ultralytics/bbox/face.pt', 'detector', 'bbox/face.pt'],
    // InvokeAI
    ['/m', 'sdxl/main/foo.safetensors', 'checkpoint', 'foo.safetensors'],
    ['/m', 'sd-1/lora/foo.safetensors', 'lora', 'foo.safetensors'],
    ['/m', 'any/clip_vision/foo/model.safetensors', 'clip_vision', 'foo/model.safetensors'],
    ['/m', 'main/foo.safetensors', 'other', 'main/foo.safetensors'],
    ['/m', 'my/main/foo.safetensors', 'other', 'my/main/foo.safetensors'],
    // Repositories of diffusers
    ['/m', 'diffusers/sdxl/unet/x.safetensors', 'diffusion_model', 'sdxl/unet/x.safetensors'],
    ['/m', 'diffusers/sdxl/text_encoder_2/x.safetensors', 'text_encoder', 'sdxl/text_encoder_2/x.safetensors'],
    ['/m', 'diffusers/sdxl/safety_checker/x.bin', 'other', 'sdxl/safety_checker/x.bin'],
  ]
  test.each(CASES)('%s + %s', (root, relative, type, name) => {
    expect<unknown>(placeModel(root, relative)).toEqual({ type, name })
  })

  const CACHED: readonly (readonly [path: string, type: string])[] = [
    ['vae/diffusion_pytorch_model.safetensors', 'vae'],
    ['vae_1_0/x.safetensors', 'other'],
    ['text_encoder/model.safetensors', 'text_encoder'],
    ['text_encoder_3/model.safetensors', 'text_encoder'],
    ['transformer/x-00001-of-00002.safetensors', 'diffusion_model'],
    ['unet/x.safetensors', 'diffusion_model'],
    ['image_encoder/x.safetensors', 'clip_vision'],
    ['loras/x.safetensors', 'lora'],
    ['split_files/text_encoders/x.safetensors', 'text_encoder'],
    ['split_files/diffusion_models/x.safetensors', 'diffusion_model'],
    ['pytorch_lora_weights.safetensors', 'lora'],
    ['model.safetensors', 'other'],
  ]
  test.each(CACHED)('the cache of Hugging Face: %s', (path, type) => {
    const relative = `models--some-org--some.repo/snapshots/0123abcd/${path}`
    expect<unknown>(placeModel('/c/hub', relative)).toEqual({ type, name: `some-org/some.repo/${path}` })
    expect<unknown>(placeModel('/c', `hub/${relative}`)).toEqual({ type, name: `some-org/some.repo/${path}` })
  })

  test('what else lies in the cache has no type', () => {
    expect(placeModel('/c/hub', 'models--gpt2/blobs/abc').type).toBe('other')
    expect(placeModel('/c/hub', 'models--gpt2/snapshots/0/x.bin').name).toBe('gpt2/x.bin')
    expect(placeModel('/c/hub', 'models--gpt2/snapshots/x.bin').type).toBe('other')
  })

  test('the name is always the end of the path, except in the cache', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('loras', 'main', 'sdxl', 'diffusers', 'gligen', 'models', '..', ''),
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const relative = parts.filter((each) => !each.startsWith('models--')).join('/')
        const { type, name } = placeModel('/m', relative)
        return relative.endsWith(name) && MODEL_TYPES.includes(type)
      }),
    )
  })

  test('ever new names of folders do not pile up', () => {
    for (let at = 0; at < 30_000; at += 1) placeModel('/m', `folder-${at}/x.bin`)
    expect(placeModel('/m', 'loras/x.bin').type).toBe('lora')
  })
})

describe('equivalent folders', () => {
  test.each([
    ['Lora', ['loras', 'Lora', 'lora', 'LyCORIS']],
    ['loras', ['Lora', 'LyCORIS']],
    ['upscale_models', ['ESRGAN', 'RealESRGAN', 'SwinIR', 'esrgan']],
    ['Stable-diffusion', ['checkpoints', 'StableDiffusion']],
    ['unet', ['diffusion_models']],
    ['clip', ['text_encoders']],
  ])('%s', (folder, others) => {
    for (const other of others) expect(equivalentFolders(folder)).toContain(other)
  })

  test('a folder that no UI knows is alone', () => {
    expect(equivalentFolders('mine')).toEqual(['mine'])
  })

  test('no folder is in two classes', () => {
    for (const { folders } of FOLDER_CLASSES)
      for (const folder of folders) expect(equivalentFolders(folder)).toBe(folders)
  })
})

describe('folderFor', () => {
  test.each<[ModelType, Layout, string]>([
    ['lora', 'comfyui', 'models/loras'],
    ['diffusion_model', 'comfyui', 'models/diffusion_models'],
    ['other', 'comfyui', 'models'],
    ['lora', 'a1111', 'models/Lora'],
    ['embedding', 'a1111', 'embeddings'],
    ['upscaler', 'a1111', 'models/ESRGAN'],
    ['checkpoint', 'swarmui', 'Models/Stable-Diffusion'],
    ['upscaler', 'swarmui', 'Models/upscale_models'],
    ['checkpoint', 'fooocus', 'models/checkpoints'],
    ['checkpoint', 'invokeai', 'autoimport/main'],
    ['text_encoder', 'stabilitymatrix', 'Models/TextEncoders'],
    ['lora', 'folder', 'loras'],
    ['other', 'folder', ''],
  ])('%s of %s', (type, layout, folder) => {
    expect(folderFor(type, layout)).toBe(folder)
  })

  test('is where a file of the type counts as one', () => {
    // One menu for both: Forge and InvokeAI tell by the file, Fooocus loads it as it is.
    const shared = new Set(['a1111:diffusion_model', 'fooocus:diffusion_model', 'invokeai:diffusion_model'])
    for (const layout of LAYOUTS) {
      for (const type of MODEL_TYPES) {
        const key = `${layout}:${type}`
        const folder = folderFor(type, layout)
        const placed = layout === 'invokeai' ? folder.replace('autoimport/main', 'checkpoints') : folder
        const expected = shared.has(key)
          ? 'checkpoint'
          : /^(?:a1111|fooocus):ipadapter$/.test(key)
            ? 'controlnet'
            : type
        if (key === 'a1111:motion_module') continue
        expect([key, placeModel('/home', `${placed}/x.bin`.replace(/^\//, '')).type]).toEqual([key, expected])
      }
    }
  })
})
