import { describe, expect, test } from 'bun:test'
import { type ParsedPrompt, parsePrompt } from '../../../src/import/parse/detect.ts'
import { brief } from './parser-answer.ts'

const read = (text: string): ParsedPrompt =>
  parsePrompt({ texts: [{ place: 'png:tEXt:parameters', key: 'parameters', text }], format: 'auto' })

const STEPS = 'Steps: 20, Sampler: Euler a, Seed: 1'
const needs = (parameters: string, prompt = 'a cat'): string[] =>
  read(`${prompt}\n${STEPS}, ${parameters}`).dependencies.map(brief)

describe('keys that name models', () => {
  const rows: readonly (readonly [parameters: string, needs: string[]])[] = [
    ['Model hash: 1a2b3c4d5e, Model: fooMix_v3', ['checkpoint fooMix_v3 auto_v2:1a2b3c4d5e']],
    ['Model: sub\\fooMix_v3.safetensors [1a2b3c4d5e]', ['checkpoint fooMix_v3 auto_v2:1a2b3c4d5e']],
    ['Model hash: 01234567, Model: old', ['checkpoint old auto_v1:01234567']],
    ['Model hash: 0123456789ab, Model: swarm/x.safetensors', ['checkpoint x auto_v3:0123456789ab']],
    [`Model hash: ${'AB'.repeat(32)}, Model: x.safetensors`, [`checkpoint x sha256:${'ab'.repeat(32)}`]],
    ['Model hash: 1a2b3c4d5e', ['checkpoint - auto_v2:1a2b3c4d5e']],
    ['Model: foo, Model: bar', ['checkpoint foo']],
    [
      'Model: foo, Model hash: 1a2b3c4d5e, Model hash: 0123456789ab, Hashes: {"model": "01234567"}, Hashes: {"vae": "63aeecb90f"}',
      ['checkpoint foo auto_v2:1a2b3c4d5e auto_v3:0123456789ab auto_v1:01234567', 'vae - auto_v2:63aeecb90f'],
    ],
    ['Model: None', []],
    ['VAE hash: 63aeecb90f, VAE: bar.vae.pt', ['vae bar.vae auto_v2:63aeecb90f']],
    ['VAE: Automatic', []],
    [
      'Module 1: ae, Module 2: clip_l, Module 3: t5xxl_fp16, Module 4: odd',
      ['vae ae', 'text_encoder clip_l', 'text_encoder t5xxl_fp16', 'other odd'],
    ],
    ['Hires Module 1: Use same choices', []],
    ['Hires Module 1: Built-in, Hires Module 2: ae.safetensors, Module 1: ae', ['vae ae']],
    ['Model hash: e3b0c44298, Model: m', ['checkpoint m']],
    ['Model hash: e3b0c442', []],
    ['Model: "a, b: c", VAE: x', ['checkpoint a, b: c', 'vae x']],
    ['Model: v0.178 (beta) [x].y', ['checkpoint v0.178 (beta) [x].y']],
    ['Hires checkpoint: fooMix_v3 [1a2b3c4d5e]', ['checkpoint fooMix_v3 auto_v2:1a2b3c4d5e']],
    ['Hires checkpoint: Use same checkpoint', []],
    ['Refiner: sd_xl_refiner_1.0 [7440042bbd]', ['checkpoint sd_xl_refiner_1.0 auto_v2:7440042bbd']],
    ['Refiner: x.safetensors, Refiner hash: 7440042bbd', ['checkpoint x auto_v2:7440042bbd']],
    ['Refine: True', []],
    ['Hires upscaler: Latent (nearest-exact)', ['upscaler Latent (nearest-exact) (skipped)']],
    ['Hires upscaler: 4x-UltraSharp', ['upscaler 4x-UltraSharp']],
    ['Hires upscaler: None, Postprocess upscaler: Lanczos', ['upscaler Lanczos (skipped)']],
    ['Upscaler: Nearest, Upscaler 2: Latent', ['upscaler Nearest (skipped)', 'upscaler Latent (skipped)']],
    [
      'Postprocess upscaler 2: 4x_a, SD upscale upscaler: 4x_b.pth, Ultimate SD upscale upscaler: 4x_c',
      ['upscaler 4x_a', 'upscaler 4x_b', 'upscaler 4x_c'],
    ],
    [
      'Hires upscaler: ESRGAN_4x, Upscaler: SwinIR 4x',
      ['upscaler ESRGAN_4x (optional)', 'upscaler SwinIR 4x (optional)'],
    ],
    [
      'Hires upscaler: LDSR, Upscaler: ScuNET PSNR, Postprocess upscaler: DAT x2',
      ['upscaler LDSR (optional)', 'upscaler ScuNET PSNR (optional)', 'upscaler DAT x2 (optional)'],
    ],
    ['refinerupscalemethod: model-4x_a.pth, seedvrupscalemethod: latentmodel-b', ['upscaler 4x_a', 'upscaler b']],
    ['refinerupscalemethod: pixel-lanczos, seedvrupscalemethod: latent-bislerp', []],
    ['Face restoration: CodeFormer', ['other CodeFormer (optional)']],
    ['Face restoration: GFPGAN, Face restoration strength: 1', ['other GFPGAN (optional)']],
    ['Hypernet: old(a1b2c3d4), Hypernet strength: 0.5', ['hypernetwork old auto_v1:a1b2c3d4 0.5']],
    ['Hypernet: new, Hypernet hash: a1b2c3d4, Hypernet strength: 0', ['hypernetwork new auto_v1:a1b2c3d4 0 (off)']],
    ['Hypernet: None', []],
    [
      'Lora hashes: "styleA: 0123456789ab, char B: ba9876543210"',
      ['lora styleA auto_v3:0123456789ab', 'lora char B auto_v3:ba9876543210'],
    ],
    ['Lora hashes: "styleA: "', ['lora styleA']],
    ['Lora hashes: "a (v1.0): e3b0c44298fc"', ['lora a (v1.0)']],
    [
      'Lora hashes: "a: 0123456789, b: 9876543210", Lora weights: "a: 0.8, b: 0"',
      ['lora a auto_v2:0123456789 0.8', 'lora b auto_v2:9876543210 0 (off)'],
    ],
    ['Lora hashes: "a: 0123456789: 0.8"', ['lora a auto_v2:0123456789 0.8']],
    [
      'Lora hashes: "a: 0123456789ab, b: ba9876543210", loraweights: "0.33,0.3"',
      ['lora a auto_v3:0123456789ab 0.33', 'lora b auto_v3:ba9876543210 0.3'],
    ],
    [
      'Lora hashes: "a: 0123456789ab, b: ba9876543210", loraweights: 0.33,0.3,',
      ['lora a auto_v3:0123456789ab 0.33', 'lora b auto_v3:ba9876543210 0.3'],
    ],
    ['Lora hashesh: "a: 0123456789", loraweights: [\n  "0.5"\n]', ['lora a auto_v2:0123456789 0.5']],
    ['Lora hashes: "", Lora weights: ""', []],
    ['Lora hashes: a: 0123456789ab', ['lora a auto_v3:0123456789ab']],
    [
      'TI hashes: "negX: 0123456789ab, badY: ba9876543210"',
      ['embedding negX sha256_12:0123456789ab', 'embedding badY sha256_12:ba9876543210'],
    ],
    ['TI hashes: "negX: 0123456789ab", TI hashes: "negX: 0123456789ab"', ['embedding negX sha256_12:0123456789ab']],
    ['TI hashes: "negX: 0123456789ab, TI hashes: "negX: 0123456789ab""', ['embedding negX sha256_12:0123456789ab']],
    ['TI hashes: "negX: 0123456789ab, TI hashes: \\"negX: 0123456789ab\\""', ['embedding negX sha256_12:0123456789ab']],
    ['TI hashes: "TI hashes: negX: 0123456789ab"', ['embedding negX sha256_12:0123456789ab']],
    ['TI: negX, badY, Version: v1.10', ['embedding negX', 'embedding badY']],
    ['Embeddings: negX, badY, Model: m', ['checkpoint m', 'embedding negX', 'embedding badY']],
    ['TI: "negX, badY"', ['embedding negX', 'embedding badY']],
    [
      'Model: m, Hashes: {"model": "1a2b3c4d5e", "vae": "63aeecb90f", "LORA:style/A.safetensors": "0123456789", "embed:negX": "", "lora:b": null}',
      [
        'checkpoint m auto_v2:1a2b3c4d5e',
        'vae - auto_v2:63aeecb90f',
        'lora A auto_v2:0123456789',
        'embedding negX',
        'lora b',
      ],
    ],
    [
      'Lora_0 Model name: a.safetensors, Lora_0 Model hash: 0123456789, Lora_0 Strength model: 0.7, Lora_0 Strength clip: 1, Embedding_0 name: e.pt, Embedding_0 hash: 9876543210',
      ['lora a auto_v2:0123456789 0.7', 'embedding e auto_v2:9876543210'],
    ],
    [
      'AddNet Enabled: False, AddNet Model 1: a(0123456789ab), AddNet Weight A 1: 0.7, AddNet Model 2: None',
      ['lora a auto_v3:0123456789ab 0.7 (off)'],
    ],
    [
      'AddNet Model 1: a(0123456789ab), AddNet Weight A 1: 0, AddNet Weight B 1: 0.5, AddNet Model 2: b(01234567), AddNet Weight 2: 0',
      ['lora a auto_v3:0123456789ab 0.5', 'lora b auto_v1:01234567 0 (off)'],
    ],
    [
      'AddNet Enabled: True, AddNet Module 1: LoRA, AddNet Model 1: styleA(0123456789ab), AddNet Weight A 1: 0.7',
      ['lora styleA auto_v3:0123456789ab 0.7'],
    ],
    [
      'ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1"',
      ['controlnet control_v11p_sd15_canny auto_v1:d14c016b 1'],
    ],
    ['ControlNet 0: "preprocessor: none, model: None, weight: 1"', []],
    [
      'ControlNet 0: "preprocessor: canny, model: c [d14c016b], weight: 0.6, starting/ending: (0, 1), resize mode: x", ControlNet 1: "Module: depth, Model: d [cfd03158], Weight: 0"',
      ['controlnet c auto_v1:d14c016b 0.6', 'controlnet d auto_v1:cfd03158 0 (off)'],
    ],
    ['ControlNet: "Model: c"', ['controlnet c']],
    ['ControlNet Enabled: False, ControlNet Model: c, ControlNet Weight: 1', ['controlnet c 1 (off)']],
    ['ControlNet-1 Model: None, ControlNet-1 Enabled: True', []],
    [
      'ControlNet-0 Enabled: True, ControlNet-0 Model: c [d14c016b], ControlNet-0 Weight: 0.5',
      ['controlnet c auto_v1:d14c016b 0.5'],
    ],
    [
      'ADetailer model: face_yolov8n.pt, ADetailer checkpoint: foo.safetensors [1a2b3c4d5e], ADetailer ControlNet model: Passthrough, ADetailer model 2nd: mediapipe_face_full',
      ['detector face_yolov8n', 'checkpoint foo auto_v2:1a2b3c4d5e', 'detector mediapipe_face_full (skipped)'],
    ],
    [
      'ADetailer VAE 3rd: x.pt, ADetailer ControlNet model 2nd: c [ebff9138], ADetailer model 3rd: None, ADetailer checkpoint: Use same checkpoint',
      ['vae x', 'controlnet c auto_v1:ebff9138'],
    ],
    [
      'Civitai resources: [{"type":"lora","weight":0.8,"modelVersionId":12,"modelName":"Ink Wash"}]',
      ['lora Ink Wash @12 0.8'],
    ],
    [
      'Civitai resources: [{"modelName":"Ink","versionName":"v1","weight":0.5,"air":"urn:air:sdxl:lora:civitai:1@2"}]',
      ['lora Ink 1@2 0.5'],
    ],
    ['Civitai resources: [{"modelVersionIds":[5,6]}]', ['other - @5', 'other - @6']],
    [
      'Model: m, Civitai resources: [{"type":"checkpoint","modelVersionId":9,"modelName":"M"}], Civitai metadata: {"resources":[{"modelVersionId":9,"type":"checkpoint"}]}',
      ['checkpoint m @9'],
    ],
    ['Civitai metadata: {}', []],
    ['Civitai metadata: {"resources":[{"modelVersionId":8,"strength":0,"type":"lora"}]}', ['lora - @8 0 (off)']],
    [
      'Civitai resources: [{"type":"dora","modelVersionId":1},{"type":"hypernet","modelVersionId":2},{"type":"upscaler","modelVersionId":3},{"type":"?","modelVersionId":4},{"modelVersionId":"x"}]',
      ['lora - @1', 'hypernetwork - @2', 'upscaler - @3', 'other - @4'],
    ],
    [
      'Model: m, Civitai resources: [{"type":"checkpoint","modelVersionId":1},{"type":"checkpoint","modelVersionId":2}]',
      ['checkpoint m', 'checkpoint - @1', 'checkpoint - @2'],
    ],
    [
      'Hashes: {"LyCORIS:a": "0123456789", "HYPERNET:h": "a1b2c3d4", "upscaler:4x.pth": "9876543210", "embed:e": "0123456789ab"}',
      [
        'lora a auto_v2:0123456789',
        'hypernetwork h auto_v1:a1b2c3d4',
        'upscaler 4x auto_v2:9876543210',
        'embedding e sha256_12:0123456789ab',
      ],
    ],
    ['RNG: CPU, Dynamic thresholding enabled: True, Template: {a|b} <lora:x:1>', []],
  ]
  test.each(rows)('%s', (parameters, expected) => {
    expect(needs(parameters)).toEqual(expected)
  })

  test('an upscaler by its display name also has the name of its file', () => {
    const [only] = read(`a\n${STEPS}, Hires upscaler: R-ESRGAN 4x+`).dependencies
    expect(only).toMatchObject({ reference: 'R-ESRGAN 4x+', filename: 'RealESRGAN_x4plus.pth', optional: true })
  })

  test('what SD.Next puts before an upscaler is not part of its file', () => {
    expect(read(`a\n${STEPS}, Hires upscaler: ESRGAN 4x Ultrasharp`).dependencies[0]?.written).toEqual([
      'ESRGAN 4x Ultrasharp',
      '4x Ultrasharp',
    ])
  })

  test('a face restorer by its display name also has the name of its file', () => {
    const [only] = read(`a\n${STEPS}, Face restoration: GFPGAN`).dependencies
    expect(only).toMatchObject({ filename: 'GFPGANv1.4.pth', written: ['GFPGAN', 'GFPGANv1.4.pth'], optional: true })
  })

  test('a performance of Fooocus brings a LoRA along that nobody lists', () => {
    const names = (pairs: string) => read(`a\n${STEPS}, ${pairs}`).dependencies.map(brief)
    expect(names('Performance: Hyper-SD, Version: Fooocus v2.5.5')).toEqual([
      'lora sdxl_hyper_sd_4step_lora (optional)',
    ])
    expect(names('Performance: Speed, Version: Fooocus v2.5.5')).toEqual([])
    expect(names('Performance: Hyper-SD, Version: v1.9.0')).toEqual([])
  })

  test('a recipe of Lora-Manager below the parameters', () => {
    const recipe = {
      loras: [{ file_name: 'a', hash: 'cd'.repeat(32), strength: 0.4, modelVersionId: 3 }],
      checkpoint: { modelVersionId: 4 },
    }
    const { dependencies } = read(`a\n${STEPS}, Version: v1\n \nRecipe metadata: ${JSON.stringify(recipe)}`)
    expect(dependencies.map(brief)).toEqual([`lora a sha256:${'cd'.repeat(32)} @3 0.4`, 'checkpoint - @4'])
  })
})

describe('tags of prompts', () => {
  const rows: readonly (readonly [prompt: string, needs: string[]])[] = [
    ['<lora:styleA:0.8>', ['lora styleA 0.8']],
    ['<lora:a b (v1.0):-0.6>', ['lora a b (v1.0) -0.6']],
    ['<lora:x_v0.178:.5>', ['lora x_v0.178 0.5']],
    ['<lora:墨:1> <lora:sub\\dir/x:1>', ['lora 墨 1', 'lora x 1']],
    ['<lora:bare>', ['lora bare 1']],
    ['<lora:off:0>', ['lora off 0 (off)']],
    ['<lora:n:0:0.5>', ['lora n 0.5']],
    ['<lora:n:te=0:unet=0>', ['lora n 0 (off)']],
    ['<lora:n:1:lbw=MIDD>', ['lora n 1']],
    ['<lora:n:0.7:1,0,0,0.5>', ['lora n 0.7']],
    ['<lora:n:0.0@0,0.8@0.5>', ['lora n 0.8']],
    ['<LORA:n:0.5> <lyco:m:0.4> <hypernet:h:0.3>', ['lora n 0.5', 'lora m 0.4', 'hypernetwork h 0.3']],
    ['<lora:a:0.5> and <lora:a:0.3>', ['lora a 0.5']],
    ['<lora:!first [v2] {x}:0.5>', ['lora !first [v2] {x} 0.5']],
    ['<lora:a\\b/c:0.5> <lora:../../d.safetensors:1>', ['lora c 0.5', 'lora d 1']],
    ['<lora:n:0.8:1.0> <lora:m:-.5:0>', ['lora n 0.8', 'lora m -0.5']],
    ['<lora:n:te=0.5:unet=0.8:dyn=4>', ['lora n 0.5']],
    ['<lora:n:0.8:lbw=MIDD:step=5-20>', ['lora n 0.8']],
    ['<lora:n:0.8:start=3:stop=9> <lora:m:1:LBW=ALL;>', ['lora n 0.8', 'lora m 1']],
    ['<lora:n:0@0,0@1> <lora:m:-0.9@0,0.2@0.5>', ['lora n 0 (off)', 'lora m -0.9']],
    ['<lora:n:0> <lora:n:0.4>', ['lora n 0.4']],
    ['<lora:n:high>', ['lora n 1']],
    ['<lora: padded :0.5>', ['lora padded 0.5']],
    ['<lora:None:1> <lora::1> <lora:two\nlines:1>', []],
    ['a < b, c > d, <wildcard:x>', []],
  ]
  test.each(rows)('%s', (prompt, expected) => {
    expect(needs('CFG scale: 7', prompt)).toEqual(expected)
  })

  const parts: readonly (readonly [prompt: string, parts: readonly (number | undefined)[]])[] = [
    // The text encoder first, then the U-Net.
    ['<lora:b v0.178:.5:0.3>', [0.5, 0.3, undefined]],
    ['<lora:n:0:0.5>', [0.5, undefined, 0]],
    ['<lora:n:te=0.5:unet=0.8>', [0.5, 0.8, undefined]],
    ['<lora:n:-.5:0>', [-0.5, 0, undefined]],
    ['<lora:n:0.7:1,0,0,0.5>', [0.7, undefined, undefined]],
    ['<lora:n:0.7>', [0.7, undefined, undefined]],
  ]
  test.each(parts)('%s has the strengths %p', (prompt, expected) => {
    const strengths = (last: string) =>
      read(`${prompt}\n${STEPS}, ${last}`).dependencies.map((each) => [each.weight, each.unet_weight, each.clip_weight])
    expect(strengths('CFG scale: 7')).toEqual([[...expected]])
  })
  test.each([
    ['Lora_0 Model name: n, Lora_0 Strength model: 0.7, Lora_0 Strength clip: 0.6', [0.7, undefined, 0.6]],
    ['Lora_0 Model name: n, Lora_0 Strength model: 0.7, Lora_0 Strength clip: 0.7', [0.7, undefined, undefined]],
    ['Lora_0 Model name: n, Lora_0 Strength model: 0, Lora_0 Strength clip: 0.6', [0.6, 0, undefined]],
    ['AddNet Model 1: n, AddNet Weight A 1: 0.7, AddNet Weight B 1: 0.4', [0.7, undefined, 0.4]],
  ])('%s: %p', (pairs, expected) => {
    const [only] = read(`a\n${STEPS}, ${pairs}`).dependencies
    expect([only?.weight, only?.unet_weight, only?.clip_weight]).toEqual(expected)
  })
  test('have the main model first where a saver of ComfyUI wrote them', () => {
    const [only] = read(`<lora:n:0:0.5>\n${STEPS}, Version: ComfyUI`).dependencies
    expect(only).toMatchObject({ weight: 0, clip_weight: 0.5, active: true })
  })

  test('count in every prompt, and not in templates', () => {
    const text = `a <lora:one:1>
Negative prompt: b <lora:two:1>
${STEPS}, Hires prompt: "c, <lora:three:1>", ADetailer prompt 2nd: "d, <lora:four:1>", Version: v1.9.0
Template: {a|b} <lora:five:1>
more of it <lora:six:1>
Negative Template: <lora:seven:1>`
    const found = read(text)
    expect(found.dependencies.map(({ name }) => name)).toEqual(['one', 'two', 'three', 'four'])
    expect(found.warnings).toEqual([])
  })

  test('a name loses its commas and colons on the way to its hash', () => {
    expect(needs('Lora hashes: "ab: 0123456789ab, c: ba9876543210"', '<lora:a,b:0.8>')).toEqual([
      'lora a,b auto_v3:0123456789ab 0.8',
      'lora c auto_v3:ba9876543210',
    ])
  })

  test('a LoRA of the prompt and its hash are one dependency', () => {
    expect(needs('Lora hashes: "styleA: 0123456789ab"', 'x <lora:style/styleA:0.8>')).toEqual([
      'lora styleA auto_v3:0123456789ab 0.8',
    ])
  })
})

describe('where the parameters are', () => {
  const line = 'Steps: 23, Sampler: Euler, Seed: 5, Model: m'
  const rows: readonly (readonly [name: string, text: string, prompt: string, negative: string | undefined])[] = [
    ['the usual way', `a cat\nNegative prompt: dog\n${line}`, 'a cat', 'dog'],
    ['several lines each', `a\ncat\nNegative prompt: dog\nbird\n${line}`, 'a\ncat', 'dog\nbird'],
    ['a blank line before them', `a cat\nNegative prompt: dog\n\n${line}`, 'a cat', 'dog'],
    ['Windows line breaks', `a cat\r\nNegative prompt: dog\r\n${line}\r\n`, 'a cat', 'dog'],
    ['no prompt at all', line, '', undefined],
    ['no negative prompt', `a cat\n${line}`, 'a cat', undefined],
    ['an empty negative prompt on their line', `a cat\nNegative prompt: ${line}`, 'a cat', undefined],
    ['a heading', `parameters\na cat\n${line}`, 'a cat', undefined],
    ['a heading with a colon', `Parameters: a cat\nNegative prompt: dog\n${line}`, 'a cat', 'dog'],
    ['a heading before the parameters and nothing else', `Parameters : ${line}`, '', undefined],
    ['empty lines all over', `\n\na cat\n\nNegative prompt: dog\n\n\n${line}\n\n`, 'a cat', 'dog'],
    ['old line breaks of the Mac', `a cat\rNegative prompt: dog\r${line}`, 'a cat', 'dog'],
    [
      'the words for negative inside the prompt',
      `a cat, Negative prompt: x\n${line}`,
      'a cat, Negative prompt: x',
      undefined,
    ],
    ['everything on one line, with an empty negative', `a cat.Negative prompt: ${line}`, 'a cat.', undefined],
    ['everything on one line without a negative', `a cat, ${line}`, 'a cat,', undefined],
    ['a parameters line in the prompt', `Steps: 3, Seed: 1\na cat\n${line}`, 'Steps: 3, Seed: 1\na cat', undefined],
    ['a heading on their line', `a cat\nParameters: ${line}`, 'a cat', undefined],
    ['everything on one line', `a cat.Negative prompt: dog.${line}`, 'a cat.', 'dog.'],
    ['the words in the prompt', `Steps: 3 to heaven\nNegative prompt: dog\n${line}`, 'Steps: 3 to heaven', 'dog'],
    ['lines below', `a cat\n${line}\nTemplate: a {cat|dog}`, 'a cat', undefined],
    ['no steps but three pairs', 'a cat\nSampler: Euler, Seed: 5, Size: 8x8, Model: m', 'a cat', undefined],
    ['another order', 'a cat\nSteps: 23, Size: 8x8, App: SD.Next, Model: m, Seed: 5', 'a cat', undefined],
  ]
  test.each(rows)('%s', (_, text, prompt, negative) => {
    const { generation, dependencies, format } = read(text)
    expect(format).toBe('a1111')
    expect(generation.prompt ?? '').toBe(prompt)
    expect(generation.negative_prompt).toBe(negative as string)
    expect(dependencies.map(brief)).toEqual(['checkpoint m'])
  })

  test('JSON values may go over several lines, with brackets inside strings', () => {
    const resources =
      '[\n{"modelName":"x}] y","modelVersionId":1,"type":"lora"},\n{"modelVersionId":2,"type":"lora"}\n]'
    const found = read(`a\n${STEPS}, Civitai resources: ${resources}, Model: m`)
    expect(found.dependencies.map(brief)).toEqual(['checkpoint m', 'lora x}] y @1', 'lora - @2'])
    expect(found.warnings).toEqual([])
  })

  test('words that only begin like parameters are a prompt', () => {
    const two = 'a cat\nSampler: Euler, Seed: 5'
    expect(read(two).generation).toEqual({ prompt: two })
    expect(read('Steps: 3 to heaven').generation).toEqual({ prompt: 'Steps: 3 to heaven' })
    expect(read('Steps: 3').generation).toEqual({ steps: 3 })
  })

  test('JSON that is cut off is told, and the rest is read', () => {
    const found = read(`a\n${STEPS}, Model: m, Civitai resources: [{"modelVersionId":1`)
    expect(found.dependencies.map(brief)).toEqual(['checkpoint m'])
    expect(found.warnings).toEqual([
      { place: 'infotext:Civitai resources', reason: 'this is not JSON, or it is cut off' },
    ])
  })

  test('lines below that nobody knows are told, and the keys below them are read', () => {
    const found = read(`a\n${STEPS}, Model: m\nsomething else\nVAE: x`)
    expect(found.dependencies.map(brief)).toEqual(['checkpoint m', 'vae x'])
    const unknown = { place: 'infotext', reason: 'the lines below the parameters are not understood' }
    expect(found.warnings).toEqual([unknown])
    const ofCivitai = 'Resources: two of them\nHashed prompt: a <lora:x:1>\nHashed Negative prompt: b'
    expect(read(`a\n${STEPS}, Model: m\n${ofCivitai}`)).toMatchObject({ warnings: [], dependencies: [{ name: 'm' }] })
  })

  test('a template goes on until something that is none of its lines', () => {
    const text = `a\n${STEPS}\nTemplate: {a|b}\nVAE: no, <lora:x:1>\n\nHashes: {"model": "1a2b3c4d5e"}`
    expect(read(text).dependencies.map(brief)).toEqual(['checkpoint - auto_v2:1a2b3c4d5e'])
    expect(read(text).warnings).toEqual([])
  })

  test('a list of hashes that is none is told', () => {
    expect(read(`a\n${STEPS}, Resources: "x, y"`).warnings).toEqual([
      { place: 'infotext:Resources', reason: 'this is not a list of hashes' },
    ])
    expect(read(`a\n${STEPS}, Hashes: "x, y"`).warnings).toEqual([
      { place: 'infotext:Hashes', reason: 'this is not JSON' },
    ])
    expect(read(`a\n${STEPS}, Hashes: {"what": "0123456789"}`).warnings).toEqual([
      { place: 'infotext:Hashes', reason: 'one of its keys names no kind of model' },
    ])
  })

  test('hashes that are none are told by their place and never by their text', () => {
    expect(read(`a\n${STEPS}, Model hash: secret words, Model: m`).warnings).toEqual([
      { place: 'infotext:Model hash', reason: 'this is not a hash of a known kind' },
    ])
  })
})

describe('how the picture was made', () => {
  test('every field', () => {
    const text = `a cat
Negative prompt: dog
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 832x1216, Clip skip: 2, Version: v1.10.1`
    expect(read(text).generation).toEqual({
      prompt: 'a cat',
      negative_prompt: 'dog',
      steps: 28,
      sampler: 'DPM++ 2M',
      scheduler: 'Karras',
      cfg_scale: 6.5,
      seed: '18446744073709551615',
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'A1111',
      version: 'v1.10.1',
    })
  })

  const rows: readonly (readonly [parameters: string, software: string | undefined])[] = [
    ['Version: v1.10.1', 'A1111'],
    ['Version: f2.0.1v1.10.1-previous', 'Forge'],
    ['Version: neo-2.28', 'Forge Neo'],
    ['Version: classic', 'Forge Classic'],
    ['Version: ComfyUI', 'ComfyUI'],
    ['App: SD.Next, Version: 56a8aea', 'SD.Next'],
    ['Version: Fooocus v2.5.5', 'Fooocus'],
    ['Created Date: 2026-01-04T01:27:21.2717070Z', 'Civitai'],
    ['CFG scale: 7', undefined],
  ]
  test.each(rows)('%s', (parameters, software) => {
    expect(read(`a\n${STEPS}, ${parameters}`).generation.software).toBe(software as string)
  })

  test('what has the wrong type is left out', () => {
    const { generation } = read('a\nSteps: 20, Seed: x, CFG scale: high, Size: big, Clip skip: NaN, Model: m')
    expect(generation).toEqual({ prompt: 'a', steps: 20 })
  })
})
