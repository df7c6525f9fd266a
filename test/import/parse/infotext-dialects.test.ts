import { describe, expect, test } from 'bun:test'
import type { Generation } from '../../../src/import/generation.ts'
import { TRUST } from '../../../src/import/mention.ts'
import { infotext } from '../../../src/import/parse/infotext.ts'
import { ask, brief } from './parser-answer.ts'

interface Dialect {
  readonly name: string
  readonly text: string
  readonly needs: readonly string[]
  readonly generation: Generation
  /** `native` where it is left out. */
  readonly trust?: number
  readonly warnings?: readonly string[]
}

const SHA = 'ab'.repeat(32)

const dialects: readonly Dialect[] = [
  {
    name: 'A1111',
    text: `a pier at dusk, <lora:ink_wash_style:0.8>, soft-hands
Negative prompt: blurry, (fog:1.2)
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 1234567890, Size: 832x1216, Model hash: 1a2b3c4d5e, Model: harborMix_v2, VAE hash: 63aeecb90f, VAE: harbor.vae.safetensors, Denoising strength: 0.4, Clip skip: 2, Hires upscale: 2, Hires upscaler: R-ESRGAN 4x+ Anime6B, Lora hashes: "ink_wash_style: 0123456789ab", TI hashes: "soft-hands: ba9876543210", Version: v1.10.1`,
    needs: [
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e',
      'vae harbor.vae auto_v2:63aeecb90f',
      'lora ink_wash_style auto_v3:0123456789ab 0.8',
      'embedding soft-hands sha256_12:ba9876543210',
      'upscaler R-ESRGAN 4x+ Anime6B (optional)',
    ],
    generation: {
      prompt: 'a pier at dusk, <lora:ink_wash_style:0.8>, soft-hands',
      negative_prompt: 'blurry, (fog:1.2)',
      steps: 28,
      sampler: 'DPM++ 2M',
      scheduler: 'Karras',
      cfg_scale: 6.5,
      seed: 1234567890,
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'A1111',
      version: 'v1.10.1',
    },
  },
  {
    name: 'A1111 of 2022',
    text: `a pier
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: 45dee52b, Hypernet: glass(a1b2c3d4), Hypernet strength: 0.6`,
    needs: ['checkpoint - auto_v1:45dee52b', 'hypernetwork glass auto_v1:a1b2c3d4 0.6'],
    generation: { prompt: 'a pier', steps: 20, sampler: 'Euler a', cfg_scale: 7, seed: 1, width: 512, height: 512 },
  },
  {
    name: 'Forge with modules',
    text: `a pier, <lora:night-fog:1>
Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 7, Size: 896x1152, Model hash: 1a2b3c4d5e, Model: harbor-flux-Q8_0, Hires Module 1: Use same choices, Lora hashes: "night-fog: da259df60e36", Version: f2.0.1v1.10.1-previous-665-gae278f79, Module 1: ae, Module 2: clip_l, Module 3: t5xxl_fp16`,
    needs: [
      'checkpoint harbor-flux-Q8_0 auto_v2:1a2b3c4d5e',
      'vae ae',
      'text_encoder clip_l',
      'text_encoder t5xxl_fp16',
      'lora night-fog auto_v3:da259df60e36 1',
    ],
    generation: {
      prompt: 'a pier, <lora:night-fog:1>',
      steps: 20,
      sampler: 'Euler',
      scheduler: 'Simple',
      cfg_scale: 1,
      seed: 7,
      width: 896,
      height: 1152,
      software: 'Forge',
      version: 'f2.0.1v1.10.1-previous-665-gae278f79',
    },
  },
  {
    name: 'SD.Next, in its own order',
    text: `a pier
Negative prompt: 
Steps: 30, Size: 1024x1024, Sampler: UniPC, Seed: 9, CFG scale: 6, App: SD.Next, Version: 56a8aea, Pipeline: StableDiffusionXLPipeline, Operations: txt2img; hires, TE: clip-harbor, UNet: pier-unet, Model: harborMix_v2, Model hash: 1a2b3c4d5e, VAE: TAESD, Refine: True, Hires upscaler: ESRGAN 4x Ultrasharp, Detailer: "face-yolo8n, hands", Refiner prompt: "sharp, <lora:night-fog:0.3>", Embeddings: "soft-hands, dim"`,
    needs: [
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e',
      'vae TAESD (skipped)',
      'lora night-fog 0.3',
      'embedding soft-hands',
      'embedding dim',
      'upscaler ESRGAN 4x Ultrasharp',
      'diffusion_model pier-unet',
      'text_encoder clip-harbor',
      'detector face-yolo8n (optional)',
      'detector hands (optional)',
    ],
    generation: {
      prompt: 'a pier',
      steps: 30,
      sampler: 'UniPC',
      cfg_scale: 6,
      seed: 9,
      width: 1024,
      height: 1024,
      software: 'SD.Next',
      version: '56a8aea',
    },
  },
  {
    name: "Fooocus' a1111 scheme",
    text: `a pier
Negative prompt: blurry
Steps: 4, Sampler: DPM++ 2M SDE, Seed: 3, Size: 1152x896, CFG scale: 1.0, Sharpness: 2.0, ADM Guidance: "(1.5, 0.8, 0.3)", Model: harborMix_v2, Model hash: 1a2b3c4d5e, Performance: Lightning, Scheduler: sgm_uniform, VAE: Default (model), Raw prompt: a pier, Refiner: harborRefiner, Refiner hash: 7440042bbd, Lora hashes: "ink_wash_style: 0123456789, sdxl_lightning_4step_lora: 9876543210", Lora weights: "ink_wash_style: 0.8, sdxl_lightning_4step_lora: 1.0", Version: Fooocus v2.5.5`,
    needs: [
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e',
      'checkpoint harborRefiner auto_v2:7440042bbd',
      'lora ink_wash_style auto_v2:0123456789 0.8',
      'lora sdxl_lightning_4step_lora auto_v2:9876543210 1 (optional)',
    ],
    generation: {
      prompt: 'a pier',
      negative_prompt: 'blurry',
      steps: 4,
      sampler: 'DPM++ 2M SDE',
      scheduler: 'sgm_uniform',
      cfg_scale: 1,
      seed: 3,
      width: 1152,
      height: 896,
      software: 'Fooocus',
      version: 'v2.5.5',
    },
  },
  {
    name: "Civitai's generator",
    text: `a pier

Negative prompt: blurry

Steps: 25, CFG scale: 7, Sampler: Euler a, Seed: 5, Size: 832x1216, Clip skip: 2, Created Date: 2026-01-04T01:27:21.2717070Z, Civitai resources: [{"type":"checkpoint","modelVersionId":2514310,"modelName":"Harbor Mix","modelVersionName":"v2.0"},{"type":"lora","weight":0.8,"modelVersionId":1234567,"modelName":"Ink } Wash","modelVersionName":"]"},{"type":"embed","weight":1,"modelVersionId":77}], Civitai metadata: {"remixOfId":1,"resources":[{"modelVersionId":1234567,"strength":0.8,"type":"lora"}],"workflow":"txt2img"}`,
    needs: ['checkpoint Harbor Mix @2514310', 'lora Ink } Wash @1234567 0.8', 'embedding - @77 1'],
    generation: {
      prompt: 'a pier',
      negative_prompt: 'blurry',
      steps: 25,
      sampler: 'Euler a',
      cfg_scale: 7,
      seed: 5,
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'Civitai',
    },
  },
  {
    name: 'StabilityMatrix',
    text: `a pier <lora:ink_wash_style:0.8>
Negative prompt: blurry

Steps: 30, Sampler: DPM++ 2M Karras, CFG scale: 5, Seed: 18446744073709551615, Size: 1024x1024, Model hash: ${SHA.toUpperCase()}, Model: harborMix_v2.safetensors`,
    needs: [`checkpoint harborMix_v2 sha256:${SHA}`, 'lora ink_wash_style 0.8'],
    generation: {
      prompt: 'a pier <lora:ink_wash_style:0.8>',
      negative_prompt: 'blurry',
      steps: 30,
      sampler: 'DPM++ 2M Karras',
      cfg_scale: 5,
      seed: '18446744073709551615',
      width: 1024,
      height: 1024,
    },
  },
  {
    name: 'a saver of ComfyUI that names the program',
    text: `a pier
Negative prompt: blurry
Steps: 20, Sampler: dpmpp_2m_karras, CFG scale: 7.0, Seed: 1, Size: 512x512, Clip skip: 2, Model hash: 1a2b3c4d5e, Model: harborMix_v2, Hashes: {"model": "1a2b3c4d5e", "lora:ink_wash_style": "0123456789"}, Version: ComfyUI, Civitai resources: [
{"modelName":"Ink Wash","versionName":"v1","weight":0.8,"air":"urn:air:sdxl:lora:civitai:1@2"},
{"modelName":"Harbor Mix","air":"urn:air:sdxl:checkpoint:civitai:3@4"}]`,
    needs: [
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e 3@4',
      'lora ink_wash_style auto_v2:0123456789',
      'lora Ink Wash 1@2 0.8',
    ],
    generation: {
      prompt: 'a pier',
      negative_prompt: 'blurry',
      steps: 20,
      sampler: 'dpmpp_2m_karras',
      cfg_scale: 7,
      seed: 1,
      width: 512,
      height: 512,
      clip_skip: 2,
      software: 'ComfyUI',
    },
    trust: TRUST.claim,
  },
  {
    name: 'a saver of ComfyUI with numbered keys',
    text: `a pier
Negative prompt: blurry
Steps: 20, Sampler: Euler, CFG scale: 7.0, Seed: 1, Size: 512x512, Model: harborMix_v2.safetensors, Model hash: 1a2b3c4d5e, Lora_0 Model name: ink_wash_style.safetensors, Lora_0 Model hash: 0123456789, Lora_0 Strength model: 0.0, Lora_0 Strength clip: 0.0, Lora_1 Model name: styles\\night-fog.safetensors, Lora_1 Model hash: , Lora_1 Strength model: 0, Lora_1 Strength clip: 0.4, Embedding_0 name: soft-hands.pt, Embedding_0 hash: 9876543210`,
    needs: [
      'checkpoint harborMix_v2 auto_v2:1a2b3c4d5e',
      'lora ink_wash_style auto_v2:0123456789 0 (off)',
      'lora night-fog 0.4',
      'embedding soft-hands auto_v2:9876543210',
    ],
    generation: {
      prompt: 'a pier',
      negative_prompt: 'blurry',
      steps: 20,
      sampler: 'Euler',
      cfg_scale: 7,
      seed: 1,
      width: 512,
      height: 512,
    },
    trust: TRUST.claim,
  },
  {
    name: 'a converter of SwarmUI pictures',
    text: `a pier
Negative prompt: 
Steps: 20, Sampler: euler, Schedule type: normal, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: 0123456789ab, Model: illustrious/harborMix_v2.safetensors, Lora hashes: "ink_wash_style: ba9876543210, night-fog: 0011223344ff", loraweights: "0.33,0", refinerupscalemethod: model-4x_pier.pth, swarm_version: 0.9.5.0,`,
    needs: [
      'checkpoint harborMix_v2 auto_v3:0123456789ab',
      'lora ink_wash_style auto_v3:ba9876543210 0.33',
      'lora night-fog auto_v3:0011223344ff 0 (off)',
      'upscaler 4x_pier',
    ],
    generation: {
      prompt: 'a pier',
      steps: 20,
      sampler: 'euler',
      scheduler: 'normal',
      cfg_scale: 7,
      seed: 1,
      width: 512,
      height: 512,
      software: 'SwarmUI',
      version: '0.9.5.0',
    },
  },
  {
    name: 'Dynamic Prompts and Lora-Manager below the parameters',
    text: `a red pier <lora:ink_wash_style:0.8>
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: harborMix_v2, Version: v1.9.0
Template: a {red|blue} pier
Model: of a ship, <lora:glass-rain:1>
Negative Template: <lora:copper-sky:1>, Hashes: {"model": "1a2b3c4d5e"}
 
Recipe metadata: {"title":"pier","base_model":"SDXL","loras":[{"file_name":"ink_wash_style","hash":"${SHA}","strength":0.8,"modelVersionId":12,"modelName":"Ink Wash","modelVersionName":"v1"}]}`,
    needs: ['checkpoint harborMix_v2 auto_v2:1a2b3c4d5e', `lora ink_wash_style sha256:${SHA} @12 0.8`],
    generation: {
      prompt: 'a red pier <lora:ink_wash_style:0.8>',
      steps: 20,
      sampler: 'Euler a',
      cfg_scale: 7,
      seed: 1,
      width: 512,
      height: 512,
      software: 'A1111',
      version: 'v1.9.0',
    },
  },
  {
    name: 'the first extension that wrote hashes',
    text: `a pier, <lora:ink_wash_style:1>
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: harborMix_v2, Model hash: 1a2b3c4d5e, Resources: ["1a2b3c4d5e", "9876543210", "e3b0c44298"], Hashed prompt: "a pier, <lora:0123:1>"
Hashed Negative prompt: "<lora:4567:1>"`,
    needs: ['checkpoint harborMix_v2 auto_v2:1a2b3c4d5e', 'lora ink_wash_style 1', 'other - auto_v2:9876543210'],
    generation: {
      prompt: 'a pier, <lora:ink_wash_style:1>',
      steps: 20,
      sampler: 'Euler a',
      cfg_scale: 7,
      seed: 1,
      width: 512,
      height: 512,
    },
    warnings: ['infotext:Resources: this is the hash of an empty file and says nothing'],
  },
]

describe('whole texts', () => {
  test.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
    const { text, needs, generation, trust = TRUST.native, warnings = [] } = dialect
    for (const written of [text, text.replaceAll('\n', '\r\n'), `\ufeff${text}\n`]) {
      const answer = ask(infotext, written, 'parameters')
      expect(answer.dependencies.map(brief)).toEqual([...needs])
      expect(answer.generation).toEqual(generation)
      expect(answer.warnings).toEqual([...warnings])
      expect([answer.trust, answer.confidence]).toEqual([trust, 0.95])
    }
  })

  test('say where each model stands', () => {
    const evidence = (index: number) =>
      ask(infotext, dialects[index]?.text, 'parameters').dependencies.map((dependency) => dependency.evidence)
    expect(evidence(0)).toEqual([
      ['infotext:Model', 'infotext:Model hash'],
      ['infotext:VAE', 'infotext:VAE hash'],
      ['infotext:prompt', 'infotext:Lora hashes'],
      ['infotext:TI hashes'],
      ['infotext:Hires upscaler'],
    ])
    expect(evidence(4)).toEqual([
      ['infotext:Model', 'infotext:Model hash'],
      ['infotext:Refiner', 'infotext:Refiner hash'],
      ['infotext:Lora hashes'],
      ['infotext:Lora hashes', 'infotext:Performance'],
    ])
  })
})

describe('which program wrote it', () => {
  const rows: readonly (readonly [pairs: string, software: string | undefined, version: string | undefined])[] = [
    ['Version: v1.10.1-89-g1234567', 'A1111', 'v1.10.1-89-g1234567'],
    ['Version: f0.0.17v1.8.0rc-latest-276-g29be1da7', 'Forge', 'f0.0.17v1.8.0rc-latest-276-g29be1da7'],
    ['Version: f2.0.1v1.10.1-previous-224-g900196889', 'Forge', 'f2.0.1v1.10.1-previous-224-g900196889'],
    ['Version: f1.0.2v1.10.1RC-latest', 'reForge', 'f1.0.2v1.10.1RC-latest'],
    ['Version: f2.0.0dev-v1.10.1RC', 'reForge', 'f2.0.0dev-v1.10.1RC'],
    ['Version: neo', 'Forge Neo', 'neo'],
    ['Version: neo-2.28', 'Forge Neo', 'neo-2.28'],
    ['Version: classic-1.5', 'Forge Classic', 'classic-1.5'],
    ['Version: ComfyUI', 'ComfyUI', undefined],
    ['App: SD.Next, Version: 56a8aea', 'SD.Next', '56a8aea'],
    ['Version: Fooocus v2.5.5', 'Fooocus', 'v2.5.5'],
    ['Created Date: 2026-01-04T01:27:21Z', 'Civitai', undefined],
    ['Version: 2.0', undefined, '2.0'],
    ['swarm_version: 0.9.5.0', 'SwarmUI', '0.9.5.0'],
  ]
  test.each(rows)('%s', (pairs, software, version) => {
    const { generation } = ask(infotext, `a\nSteps: 20, Sampler: Euler, Seed: 1, ${pairs}`)
    expect([generation.software, generation.version]).toEqual([software, version])
  })

  test('without a name for the program, a sampler of ComfyUI makes it a claim', () => {
    const trust = (sampler: string) => ask(infotext, `a\nSteps: 20, Sampler: ${sampler}, Seed: 1`).trust
    expect(['euler_ancestral', 'dpmpp_2m', 'Euler a', 'DDIM', 'DPM fast'].map(trust)).toEqual([
      TRUST.claim,
      TRUST.claim,
      TRUST.native,
      TRUST.native,
      TRUST.native,
    ])
  })
})
