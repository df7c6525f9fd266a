import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { sidecarNames } from '../../../src/models/inspect/sidecars/names.ts'
import { aModel, inspectFolder } from './inspect-folder.ts'

const folder = inspectFolder()
afterAll(() => folder[Symbol.dispose]())

const SHA = 'ab'.repeat(32)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const VERSION = {
  id: 910201,
  modelId: 900100,
  name: 'HIGH v1.0',
  baseModel: 'Illustrious',
  trainedWords: ['h4rbor lights', 7, ' second '],
  model: { name: 'Harbor Lights', type: 'LORA', allowCommercialUse: '{Image,RentCivit}' },
  files: [
    { name: 'other.safetensors', hashes: { SHA256: 'CD'.repeat(32) } },
    { name: 'primary.safetensors', hashes: { SHA256: SHA.toUpperCase() }, primary: true },
  ],
}

const FROM_VERSION = {
  civitai_model_id: 900100,
  civitai_version_id: 910201,
  sha256: SHA,
  base_model: 'Illustrious',
  name: 'Harbor Lights',
  version_name: 'HIGH v1.0',
  trained_words: ['h4rbor lights', 'second'],
  allow_commercial_use: ['Image', 'RentCivit'],
}

let models = 0
/** A model in a folder of its own with these files beside it, by their endings; what is claimed of it. */
function claimed(beside: Readonly<Record<string, unknown>>, filename = 'a.b.safetensors') {
  const dir = `model-${++models}`
  folder.put(`${dir}/${filename}`, aModel())
  for (const [name, content] of Object.entries(beside)) {
    folder.put(`${dir}/${name}`, content instanceof Uint8Array ? content : (content as object))
  }
  return folder.inspect(`${dir}/${filename}`)
}

describe('each kind of sidecar', () => {
  test.each<[string, unknown, object]>([
    ['a.b.civitai.info', VERSION, FROM_VERSION],
    [
      'a.b.cm-info.json',
      {
        ModelId: 900100,
        VersionId: 910201,
        ModelName: 'Harbor Lights',
        VersionName: 'HIGH v1.0',
        BaseModel: 'Illustrious',
        Hashes: { SHA256: SHA.toUpperCase(), BLAKE3: 'x' },
        TrainedWords: ['h4rbor lights', 'second'],
        Source: 'Civitai',
      },
      { ...FROM_VERSION, allow_commercial_use: undefined },
    ],
    [
      'a.b.metadata.json',
      { file_name: 'a.b', model_name: 'Own name', sha256: 'EF'.repeat(32), base_model: 'Pony', civitai: VERSION },
      { ...FROM_VERSION, name: 'Own name', sha256: 'ef'.repeat(32), base_model: 'Pony' },
    ],
    ['a.b.metadata.json', { sha256: '', base_model: 'Unknown', civitai: null, model_name: 'x' }, { name: 'x' }],
    [
      'a.b.swarm.json',
      {
        'modelspec.title': 'Fog',
        'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora',
        'modelspec.hash_sha256': `0x${SHA}`,
        'modelspec.trigger_phrase': 'f0g',
        'modelspec.license': 'MIT',
        'modelspec.preview_image': 'data:image/jpeg;base64,AAAA',
      },
      {
        tensor_sha256: SHA,
        architecture: 'stable-diffusion-xl-v1-base/lora',
        name: 'Fog',
        trained_words: ['f0g'],
        license: 'MIT',
      },
    ],
    [
      'a.b.json',
      { description: '', 'sd version': 'SDXL', 'activation text': 'f0g, mist', 'preferred weight': 0.7, modelId: 5 },
      { civitai_model_id: 5, base_model: 'SDXL 1.0', trained_words: ['f0g, mist'] },
    ],
  ])('%s', (name, content, fields) => {
    expect(claimed({ [name]: content }).claims).toEqual({ sidecars: [{ file: name, ...fields }] } as never)
  })

  test('the folder of civitdl tells of the version in the name', () => {
    const model = {
      id: 12,
      name: 'Harbor Lights',
      allowCommercialUse: ['Sell'],
      modelVersions: [{ id: 33 }, { ...VERSION, id: 34, modelId: undefined, model: undefined }],
    }
    const found = claimed(
      { 'extra_data-vid_34/model_dict-mid_12-vid_34.json': model },
      'harbor-mid_12-vid_34.safetensors',
    )
    expect(found).toMatchObject({ civitaiModelId: 12, civitaiVersionId: 34, baseModel: 'Illustrious' })
    expect(found.claims.sidecars as unknown).toEqual([
      { file: 'harbor-mid_12-vid_34.safetensors', civitai_model_id: 12, civitai_version_id: 34 },
      {
        ...FROM_VERSION,
        file: 'extra_data-vid_34/model_dict-mid_12-vid_34.json',
        civitai_model_id: 12,
        civitai_version_id: 34,
        allow_commercial_use: ['Sell'],
      },
    ])
  })
})

describe('names by civitdl', () => {
  test.each<[string, number | undefined, number | undefined]>([
    ['fog-mid_1-vid_2.safetensors', 1, 2],
    ['fog-MID_1-VID_2.ckpt', 1, 2],
    ['fog-mid_1-vid_2.gguf', 1, 2],
    ['fog_mid_1-vid_2.safetensors', undefined, undefined],
    ['fog-mid_1-vid_2-v2.safetensors', undefined, undefined],
    ['fog-mid_1-vid_2b.safetensors', undefined, undefined],
    ['fog-mid_0-vid_2.safetensors', undefined, undefined],
    ['fog-mid_1-vid_99999999999.safetensors', undefined, undefined],
    ['fog-mid_1-vid_2147483648.safetensors', undefined, undefined],
  ])('%s', (name, model, version) => {
    const { civitaiModelId, civitaiVersionId } = claimed({}, name)
    expect([civitaiModelId, civitaiVersionId]).toEqual([model, version])
  })
})

describe('where they disagree', () => {
  const info = (model: unknown, version: unknown) => ({ id: version, modelId: model, name: 'n' })
  test.each<[string, Record<string, unknown>, number | undefined, number | undefined]>([
    [
      '.civitai.info is believed first',
      { 'a.b.civitai.info': info(1, 2), 'a.b.cm-info.json': { ModelId: 3, VersionId: 4 } },
      1,
      2,
    ],
    [
      'then .cm-info.json',
      { 'a.b.metadata.json': { civitai: info(5, 6) }, 'a.b.cm-info.json': { ModelId: 3, VersionId: 4 } },
      3,
      4,
    ],
    [
      'a version before a model alone',
      { 'a.b.civitai.info': info(1, ''), 'a.b.json': { modelId: 7, modelVersionId: 8 } },
      7,
      8,
    ],
    [
      'the two ids are of one sidecar',
      { 'a.b.civitai.info': info(undefined, 2), 'a.b.json': { modelId: 7 } },
      undefined,
      2,
    ],
    ['a model alone is better than nothing', { 'a.b.json': { modelId: '7' } }, 7, undefined],
  ])('%s', (_, beside, model, version) => {
    const found = claimed(beside)
    expect([found.civitaiModelId, found.civitaiVersionId]).toEqual([model, version])
    expect(found.claims.sidecars as unknown).toHaveLength(Object.keys(beside).length)
  })
})

describe('what is no sidecar is left out', () => {
  test.each<[string, Record<string, unknown>]>([
    ['no JSON', { 'a.b.civitai.info': Buffer.from('{"id":') }],
    ['a list', { 'a.b.civitai.info': [VERSION] }],
    ['other JSON of that name', { 'a.b.json': { id: 5, architectures: ['x'] } }],
    [
      'wrong types',
      { 'a.b.cm-info.json': { ModelId: {}, VersionId: [1], BaseModel: 5, Hashes: 'x', TrainedWords: 3 } },
    ],
    ['impossible ids', { 'a.b.civitai.info': { id: -1, modelId: 1.5 } }],
    ['nothing known', { 'a.b.metadata.json': { base_model: 'Unknown', sha256: EMPTY, model_name: ' ' } }],
    ['6 MiB', { 'a.b.civitai.info': { ...VERSION, junk: 'x'.repeat(6 * 1024 * 1024) } }],
    ['a prototype', { 'a.b.json': Buffer.from('{"__proto__":{"modelId":5,"activation text":"x"}}') }],
    ['the name of another model', { 'a.civitai.info': VERSION, 'a.b.safetensors.civitai.info': VERSION }],
  ])('%s', (_, beside) => {
    expect(claimed(beside)).toMatchObject({ claims: {}, civitaiModelId: undefined, state: 'ok' })
  })

  test('a FIFO', () => {
    folder.put('pipes/a.safetensors', aModel())
    execFileSync('mkfifo', [join(folder.path, 'pipes/a.civitai.info')])
    expect(folder.inspect('pipes/a.safetensors').claims).toEqual({})
  })
})

test('a byte order mark is no fault', () => {
  const bytes = Buffer.from(`\ufeff${JSON.stringify(VERSION)}`)
  expect(claimed({ 'a.b.civitai.info': bytes }).civitaiVersionId).toBe(910201)
})

describe('the description that SwarmUI writes names the model on Civitai', () => {
  test.each<[string, unknown, number | undefined, number | undefined]>([
    ['model and version', 'From <a href="https://civitai.com/models/14?modelVersionId=104" target="_blank">', 14, 104],
    ['its other address', 'From <a href="https://civitai.red/models/14?modelVersionId=104">x</a>\nText', 14, 104],
    ['with the name', 'From <a href="https://civitai.com/models/14/harbor-lights?modelVersionId=104">', 14, 104],
    [
      'the model alone',
      'From <a href="https://civitai.com/models/14">https://civitai.com/models/14</a>',
      14,
      undefined,
    ],
    ['a link further on, of another model', 'Goes with <a href="https://civitai.com/models/14">', undefined, undefined],
    ['another site', 'From <a href="https://civitai.com.example.org/models/14">', undefined, undefined],
    ['no id', 'From <a href="https://civitai.com/models/99999999999">', undefined, undefined],
    ['no text', { 14: 104 }, undefined, undefined],
  ])('%s', (_, description, model, version) => {
    const found = claimed({ 'a.b.swarm.json': { 'modelspec.title': 'Fog', 'modelspec.description': description } })
    expect([found.civitaiModelId, found.civitaiVersionId]).toEqual([model, version])
  })
})

test('what lies beside other paths of the file counts after what lies beside the first', () => {
  const path = folder.put('store/abc.safetensors', aModel())
  folder.put('store/abc.civitai.info', { name: 'ours' })
  folder.put('ui/fog.civitai.info', VERSION)
  const aliases = ['ui/fog.safetensors', 'ui/fog-mid_1-vid_2.safetensors'].map((name) => join(folder.path, name))
  const found = folder.inspect('store/abc.safetensors', { path, aliases })
  expect(found).toMatchObject({ civitaiVersionId: 910201, baseModel: 'Illustrious' })
  const files = (found.claims.sidecars as { file: string }[]).map(({ file }) => file)
  expect(files).toEqual(['abc.civitai.info', 'fog.civitai.info', 'fog-mid_1-vid_2.safetensors'])
})

test('a folder that is reached on two ways says everything once', () => {
  folder.put('twice/a.safetensors', aModel())
  folder.put('twice/a.civitai.info', VERSION)
  const found = folder.inspect('twice/a.safetensors', { aliases: [join(folder.path, 'twice/../twice/a.safetensors')] })
  expect(found.claims.sidecars as unknown).toHaveLength(1)
})

test('they lie beside the listed path, not beside the real one', () => {
  const path = folder.put('blobs/abc', aModel())
  folder.put('listed/fog.civitai.info', VERSION)
  const found = folder.inspect('listed/fog.safetensors', { path })
  expect(found).toMatchObject({ path, state: 'ok', civitaiVersionId: 910201 })
})

test('their names are told', () => {
  expect(sidecarNames('a.b.SafeTensors')).toEqual([
    'a.b.civitai.info',
    'a.b.cm-info.json',
    'a.b.metadata.json',
    'a.b.swarm.json',
    'a.b.json',
  ])
  expect(sidecarNames('x-mid_1-vid_2.pt')[0]).toBe('extra_data-vid_2/model_dict-mid_1-vid_2.json')
  expect(sidecarNames('no-extension')[0]).toBe('no-extension.civitai.info')
})

test('any JSON is read without a throw and within the limits', () => {
  const key = fc.constantFrom(
    'id',
    'modelId',
    'ModelId',
    'Hashes',
    'files',
    'civitai',
    'model',
    'modelVersions',
    'trainedWords',
    'TrainedWords',
    'activation text',
    'baseModel',
  )
  const names = sidecarNames('x-mid_1-vid_2.pt')
  folder.put('any/x-mid_1-vid_2.pt', 'x')
  const content = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.constant('x'.repeat(9000))))
  fc.assert(
    fc.property(fc.constantFrom(...names), content, (name, json) => {
      folder.put(`any/${name}`, json)
      const { claims } = folder.inspect('any/x-mid_1-vid_2.pt')
      expect(Buffer.byteLength(JSON.stringify(claims))).toBeLessThan(64 * 1024)
    }),
    { numRuns: 200 },
  )
})
