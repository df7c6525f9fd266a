import { describe, expect, test } from 'bun:test'
import { parsePrompt } from '../../../src/import/parse/detect.ts'

const read = (value: unknown) =>
  parsePrompt({
    texts: [{ place: 'png:tEXt:parameters', key: 'parameters', text: JSON.stringify(value) }],
    format: 'auto',
  })

const brief = (params: unknown, more: object = {}): string[] =>
  read({ sui_image_params: params, ...more }).dependencies.map(({ type, reference, hashes, weight, active }) =>
    [type, reference, hashes[0]?.algorithm, weight, active ? undefined : '(off)']
      .filter((part) => part !== undefined)
      .join(' '),
  )

const TENSORS = `0x${'ab'.repeat(32)}`

describe('parameters', () => {
  const rows: readonly (readonly [name: string, params: object, needs: string[]])[] = [
    ['a model', { model: 'sub/m' }, ['checkpoint sub/m']],
    ['LoRAs as lists', { loras: ['style/a', 'b'], loraweights: ['0.8', '0'] }, ['lora style/a 0.8', 'lora b 0 (off)']],
    ['LoRAs in one string', { loras: 'a,b', loraweights: '0.33,0.3' }, ['lora a 0.33', 'lora b 0.3']],
    ['a LoRA for the text only', { loras: ['a'], loraweights: ['0'], loratencweights: ['1'] }, ['lora a 0']],
    ['missing weights', { loras: ['a'] }, ['lora a 1']],
    [
      'none at all',
      { model: 'm', vae: 'None', refinermodel: '(Use Base)', controlnetmodel: '(None)' },
      ['checkpoint m'],
    ],
    ['encoders', { txxlmodel: 't', clipvisionmodel: 'v' }, ['text_encoder t', 'clip_vision v']],
    ['upscalers that are files', { refinerupscalemethod: 'model-4x_foo.pth' }, ['upscaler 4x_foo.pth']],
    ['upscalers that are none', { refinerupscalemethod: 'pixel-lanczos' }, []],
    ['an adapter', { useipadapter: 'file:x.safetensors' }, ['ipadapter x.safetensors']],
    ['an adapter by preset', { useipadapter: 'faceid' }, []],
    [
      'tags',
      { prompt: '<lora:a:0.5> <embed:e> <segment:yolo-face.pt:0.6> <segment:face>' },
      ['lora a 0.5', 'embedding e', 'detector face.pt'],
    ],
    ['numbers where names belong', { model: 5, loras: [1, null, {}], vae: {} }, ['lora 1 1']],
  ]
  test.each(rows)('%s', (_, params, needs) => {
    expect(brief(params)).toEqual(needs)
  })
})

test('digests are of the tensors and join the names', () => {
  const models = [
    { name: 'sub/m.safetensors', param: 'model', hash: TENSORS },
    { name: 'a.safetensors', param: 'loras', hash: null },
    { name: 'e.safetensors', param: 'used_embeddings', hash: TENSORS.replace('ab', 'cd') },
  ]
  expect(
    brief({ model: 'sub/m', loras: ['a'] }, { sui_models: models, sui_extra_data: { used_embeddings: ['e'] } }),
  ).toEqual(['checkpoint sub/m tensor_sha256', 'lora a 1', 'embedding e tensor_sha256'])
})

test('how the picture was made', () => {
  const params = {
    prompt: 'a',
    negativeprompt: 'b',
    seed: 1,
    steps: '20',
    cfgscale: 7,
    width: 8,
    height: 16,
    clipstopatlayer: -2,
    swarm_version: '0.9',
  }
  expect(read({ sui_image_params: params }).generation).toEqual({
    prompt: 'a',
    negative_prompt: 'b',
    seed: 1,
    steps: 20,
    cfg_scale: 7,
    width: 8,
    height: 16,
    clip_skip: 2,
    software: 'SwarmUI',
    version: '0.9',
  })
})
