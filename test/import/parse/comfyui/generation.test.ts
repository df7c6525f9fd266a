import { describe, expect, test } from 'bun:test'
import { readGraphGeneration } from '../../../../src/import/parse/comfyui/generation.ts'
import { graphOf, node } from './graphs.ts'

const read = (graph: Record<string, unknown>) => readGraphGeneration(graphOf(graph))

const text = (words: string) => node('CLIPTextEncode', { text: words, clip: ['1', 1] })
const sampler = (inputs: Record<string, unknown>) =>
  node('KSampler', {
    seed: 5,
    steps: 20,
    cfg: 6.5,
    sampler_name: 'euler',
    scheduler: 'karras',
    positive: ['2', 0],
    negative: ['3', 0],
    latent_image: ['4', 0],
    ...inputs,
  })
const basic = {
  2: text('harbor in fog'),
  3: text('people'),
  4: node('EmptyLatentImage', { width: 512, height: 768 }),
}
const said = {
  prompt: 'harbor in fog',
  negative_prompt: 'people',
  seed: 5,
  steps: 20,
  sampler: 'euler',
  scheduler: 'karras',
  cfg_scale: 6.5,
  width: 512,
  height: 768,
  software: 'ComfyUI',
}

describe('samplers', () => {
  test('KSampler', () => {
    expect(read({ ...basic, 5: sampler({}) })).toEqual(said)
  })

  test('KSamplerAdvanced', () => {
    const inputs = { seed: undefined, noise_seed: 7, start_at_step: 0 }
    const graph = JSON.parse(JSON.stringify({ ...basic, 5: sampler(inputs) }))
    graph[5].class_type = 'KSamplerAdvanced'
    expect(read(graph)).toEqual({ ...said, seed: 7 })
  })

  test('SamplerCustom', () => {
    const graph = {
      ...basic,
      5: node('SamplerCustom', {
        add_noise: true,
        noise_seed: 9,
        cfg: 3,
        positive: ['2', 0],
        negative: ['3', 0],
        sampler: ['6', 0],
        sigmas: ['8', 0],
        latent_image: ['4', 0],
      }),
      6: node('KSamplerSelect', { sampler_name: 'dpmpp_2m' }),
      7: node('BasicScheduler', { scheduler: 'simple', steps: 30, denoise: 1 }),
      8: node('SplitSigmas', { sigmas: ['7', 0], step: 3 }),
    }
    expect(read(graph)).toEqual({ ...said, seed: 9, cfg_scale: 3, sampler: 'dpmpp_2m', scheduler: 'simple', steps: 30 })
  })

  test('SamplerCustomAdvanced, as Flux is run', () => {
    const graph = {
      1: node('CLIPTextEncodeFlux', { clip_l: 'harbor', t5xxl: 'harbor in fog', guidance: 3.5 }),
      2: node('FluxGuidance', { guidance: 3.5, conditioning: ['1', 0] }),
      3: node('BasicGuider', { model: ['9', 0], conditioning: ['2', 0] }),
      4: node('RandomNoise', { noise_seed: ['13', 0] }),
      5: node('KSamplerSelect', { sampler_name: 'euler' }),
      6: node('BasicScheduler', { scheduler: 'beta', steps: 28 }),
      7: node('EmptySD3LatentImage', { width: ['14', 0], height: 1216 }),
      8: node('SamplerCustomAdvanced', {
        noise: ['4', 0],
        guider: ['3', 0],
        sampler: ['5', 0],
        sigmas: ['6', 0],
        latent_image: ['7', 0],
      }),
      13: node('Seed (rgthree)', { seed: '18446744073709551615' }),
      14: node('PrimitiveInt', { value: 832 }),
    }
    expect(read(graph)).toEqual({
      prompt: 'harbor in fog',
      seed: '18446744073709551615',
      steps: 28,
      sampler: 'euler',
      scheduler: 'beta',
      width: 832,
      height: 1216,
      software: 'ComfyUI',
    })
  })

  test('CFGGuider has two sides and the cfg', () => {
    const graph = {
      ...basic,
      5: node('SamplerCustomAdvanced', { noise: ['6', 0], guider: ['7', 0], sigmas: ['8', 0], latent_image: ['4', 0] }),
      6: node('RandomNoise', { noise_seed: 1 }),
      7: node('CFGGuider', { cfg: 4, positive: ['2', 0], negative: ['3', 0] }),
      8: node('Flux2Scheduler', { steps: 12 }),
    }
    expect(read(graph)).toEqual({
      prompt: 'harbor in fog',
      negative_prompt: 'people',
      seed: 1,
      steps: 12,
      cfg_scale: 4,
      width: 512,
      height: 768,
      software: 'ComfyUI',
    })
  })

  test('WanVideoSampler', () => {
    const graph = {
      1: node('WanVideoSampler', {
        steps: 6,
        cfg: 1,
        shift: 5,
        seed: 3,
        scheduler: 'unipc',
        text_embeds: ['2', 0],
        image_embeds: ['3', 0],
      }),
      2: node('WanVideoTextEncode', { positive_prompt: 'harbor', negative_prompt: 'people', t5: ['9', 0] }),
      3: node('WanVideoEmptyEmbeds', { width: 832, height: 480, num_frames: 81 }),
    }
    expect(read(graph)).toEqual({
      prompt: 'harbor',
      negative_prompt: 'people',
      seed: 3,
      steps: 6,
      scheduler: 'unipc',
      cfg_scale: 1,
      width: 832,
      height: 480,
      software: 'ComfyUI',
    })
  })

  test('KSampler (Efficient) takes texts and size from its loader', () => {
    const graph = {
      1: node('Efficient Loader', {
        ckpt_name: 'a.pt',
        clip_skip: -2,
        positive: 'harbor',
        negative: ['6', 0],
        empty_latent_width: 640,
        empty_latent_height: 512,
      }),
      5: JSON.parse(JSON.stringify(sampler({ positive: ['1', 1], negative: ['1', 2], latent_image: ['1', 3] }))),
      6: node('Text', { text: 'people' }),
    }
    expect(read(graph)).toEqual({ ...said, prompt: 'harbor', clip_skip: undefined, width: 640, height: 512 } as never)
  })

  test('samplers of SDXL tuples and of pipes take all from there', () => {
    const eff = {
      1: node('Eff. Loader SDXL', {
        positive: 'harbor',
        negative: 'people',
        empty_latent_width: 1024,
        empty_latent_height: 896,
      }),
      2: node('KSampler SDXL (Eff.)', { sdxl_tuple: ['1', 0], noise_seed: 4, steps: 10, latent_image: ['1', 1] }),
    }
    expect(read(eff)).toMatchObject({
      prompt: 'harbor',
      negative_prompt: 'people',
      seed: 4,
      steps: 10,
      width: 1024,
      height: 896,
    })
    const easy = {
      1: node('easy fullLoader', {
        positive: 'harbor',
        negative: 'people',
        clip_skip: -2,
        resolution: '832 x 1216',
        empty_latent_width: 512,
        empty_latent_height: 512,
      }),
      2: node('easy preSampling', {
        pipe: ['1', 0],
        steps: 11,
        cfg: 7,
        sampler_name: 'euler',
        scheduler: 'normal',
        seed: 8,
      }),
      3: node('easy kSampler', { pipe: ['2', 0], steps: 99 }),
    }
    expect(read(easy)).toEqual({
      prompt: 'harbor',
      negative_prompt: 'people',
      seed: 8,
      steps: 11,
      sampler: 'euler',
      scheduler: 'normal',
      cfg_scale: 7,
      width: 832,
      height: 1216,
      clip_skip: 2,
      software: 'ComfyUI',
    })
    const custom = {
      1: node('easy fullLoader', {
        resolution: 'width x height (custom)',
        empty_latent_width: 512,
        empty_latent_height: 640,
      }),
      2: node('easy kSampler', { pipe: ['1', 0], seed: 9 }),
    }
    expect(read(custom)).toMatchObject({ width: 512, height: 640 })
  })

  test('the one that began the picture counts, not those that enlarge it or mend faces', () => {
    const graph = {
      1: node('FaceDetailer', { seed: 1, steps: 1, positive: ['3', 0] }),
      ...basic,
      5: node('KSampler', { seed: 2, steps: 2, positive: ['3', 0], latent_image: ['6', 0] }),
      6: node('LatentUpscale', { samples: ['7', 0], width: 1024, height: 1536 }),
      7: sampler({}),
      8: node('UltimateSDUpscale', { seed: 3, steps: 3, positive: ['3', 0] }),
    }
    expect(read(graph)).toEqual(said)
    expect(read({ 3: basic[3], 1: graph[1] })).toMatchObject({ seed: 1, prompt: 'people' })
  })

  test.each(['detailer', 'Upscaler', 'Inpainter', 'Refiner'])('a %s is not the main one', (word) => {
    const graph = {
      1: node(`Mist ${word}`, { seed: 1, positive: ['3', 0], latent_image: ['4', 0] }),
      ...basic,
      5: sampler({}),
    }
    expect(read(graph)).toEqual(said)
  })

  test.each(['LatentUpscale', 'Latent Scale', 'LatentCrop', 'Latent Resize'])('a %s is no beginning', (className) => {
    const first = node('KSampler', { seed: 1, positive: ['3', 0], latent_image: ['6', 0] })
    const graph = { 1: first, ...basic, 5: sampler({}), 6: node(className, { width: 9, height: 9 }) }
    expect(read(graph)).toEqual(said)
  })

  test('without one that begins empty the first counts', () => {
    const second = node('KSampler', { seed: 1, positive: ['3', 0] })
    expect(read({ ...basic, 5: sampler({ latent_image: ['9', 0] }), 6: second })).toMatchObject({ seed: 5 })
  })

  test.each(['samples', 'latent', 'latents', 'optional_latent', 'latent_image'])('the size comes by `%s`', (input) => {
    const graph = { ...basic, 5: sampler({ latent_image: ['6', 0] }), 6: node('LatentMist', { [input]: ['4', 0] }) }
    expect(read(graph)).toEqual(said)
  })

  test('a size needs both numbers, and may be told by other nodes', () => {
    const half = { ...basic, 4: node('EmptyLatentImage', { width: 512 }), 5: sampler({}) }
    expect(read(half)).toEqual({ ...said, width: undefined, height: undefined } as never)
    const told = node('EmptyLatentImage', { width: ['7', 0], height: ['8', 0] })
    const more = { 7: node('Size', { width: 512, value: 1 }), 8: node('Size', { height: 768, value: 1 }) }
    expect(read({ ...basic, 4: told, 5: sampler({}), ...more })).toEqual(said)
    const menu = node('SDXL Empty Latent Image (rgthree)', { dimensions: '1216 x 832  (landscape)' })
    expect(read({ ...basic, 4: menu, 5: sampler({}) })).toMatchObject({ width: 1216, height: 832 })
  })

  test.each(['pipe', 'basic_pipe', 'ctx', 'context'])('a sampler takes all from its `%s`', (input) => {
    const graph = {
      1: node('Mist', { seed: 9, steps: 9, [input]: ['2', 0] }),
      2: node('Mist', { ...basic, steps: 20, cfg: 6.5, scheduler: 'karras', positive: ['3', 0], base_ctx: ['6', 0] }),
      3: text('harbor'),
      5: node('MistSampler', { seed: 5, [input]: ['2', 0] }),
      6: node('Mist', { sampler_name: 'euler', settings: ['7', 0] }),
      7: node('Mist', { negative_prompt: 'people' }),
    }
    expect(read(graph)).toEqual({
      prompt: 'harbor',
      negative_prompt: 'people',
      seed: 5,
      steps: 20,
      sampler: 'euler',
      scheduler: 'karras',
      cfg_scale: 6.5,
      software: 'ComfyUI',
    })
  })

  test('what only cuts sigmas is no sampler', () => {
    const graph = {
      1: node('SplitSigmas', { sigmas: ['2', 0], seed: 1 }),
      2: node('BasicScheduler', { steps: 4 }),
      3: node('SamplerCustomAdvanced', { guider: ['4', 0], sigmas: ['1', 0] }),
      4: node('DualCFGGuider', { cond1: ['5', 0], cond2: ['6', 0], negative: 'people' }),
      5: text('harbor'),
      6: text('fog'),
    }
    expect(read(graph)).toEqual({ prompt: 'harbor', negative_prompt: 'people', seed: 1, steps: 4, software: 'ComfyUI' })
  })

  test('a graph without any says its program', () => {
    expect(read({ 1: node('CheckpointLoaderSimple', { ckpt_name: 'a' }) })).toEqual({ software: 'ComfyUI' })
  })

  test('layers that are left out', () => {
    const graph = { ...basic, 5: sampler({}), 6: node('CLIPSetLastLayer', { stop_at_clip_layer: -2 }) }
    expect(read(graph)).toEqual({ ...said, clip_skip: 2 })
    const told = {
      6: node('CLIPSetLastLayer', { stop_at_clip_layer: ['7', 0] }),
      7: node('PrimitiveInt', { value: -3 }),
    }
    expect(read({ ...graph, ...told })).toEqual({ ...said, clip_skip: 3 })
  })
})

test('values of other kinds are left out', () => {
  const graph = {
    5: sampler({ seed: {}, steps: 'many', cfg: null, sampler_name: 3, positive: 'x', latent_image: 'y' }),
  }
  expect(read(graph)).toEqual({ prompt: 'x', scheduler: 'karras', software: 'ComfyUI' })
})
