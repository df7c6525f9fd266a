import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseFiles } from '../../src/civitai/file.ts'
import { CIVITAI_MODEL_TYPES, type CivitaiModelType, fileModelType } from '../../src/civitai/model-type.ts'
import { pickFile, type WantedFile } from '../../src/civitai/pick-file.ts'
import { type CivitaiVersion, joinModel, parseCivitaiModel, parseCivitaiVersion } from '../../src/civitai/version.ts'
import { compareHashes, lookupsOf } from '../../src/civitai/wanted-hash.ts'
import { EMPTY_SHA256 } from '../../src/hash/digest.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { MODEL_TYPES } from '../../src/models/model-file.ts'
import { wireFile } from '../support/civitai-examples.ts'
import { CHECKPOINT, HIGH, LOW } from '../support/payloads.ts'

function aVersion(files: readonly JsonObject[], more: JsonObject = {}, type = 'Checkpoint'): CivitaiVersion {
  const wire = { id: 2, modelId: 1, baseModel: 'SDXL 1.0', model: { name: 'N', type }, files: [...files], ...more }
  const version = parseCivitaiVersion(wire)
  if (version === undefined) throw new Error('no version')
  return version
}

const PRUNED = wireFile(11, 'same.safetensors', CHECKPOINT)
const FULL = wireFile(12, 'same.safetensors', HIGH, { primary: false })
const VAE = wireFile(13, 'the.vae.safetensors', LOW, { primary: false, type: 'VAE' })
const TRAINING = wireFile(14, 'data.zip', undefined, { primary: false, type: 'Training Data' })
const CONFIG = wireFile(15, 'same.yaml', undefined, { primary: false, type: 'Config' })
const NEW = wireFile(16, 'new.safetensors', undefined, { primary: false })
const version = aVersion([TRAINING, FULL, PRUNED, VAE, CONFIG])
const two = aVersion([wireFile(11, 'one.safetensors', CHECKPOINT, { primary: false }), FULL])

const kinds = (size: string | null, fp: string | null, format = 'SafeTensor'): JsonObject => ({
  primary: false,
  metadata: { format, size, fp },
})
const several = aVersion([
  wireFile(21, 'm.safetensors', CHECKPOINT, { ...kinds('pruned', 'fp16'), primary: true }),
  wireFile(22, 'm.safetensors', HIGH, kinds('full', 'fp32')),
  wireFile(23, 'm_fp8.safetensors', LOW, { ...kinds(null, null), type: 'Pruned Model' }),
  wireFile(24, 'm-Q4_K_M.gguf', undefined, kinds('full', null, 'GGUF')),
  wireFile(25, 'm-Q8_0.gguf', undefined, {
    ...kinds('full', null, 'GGUF'),
    metadata: { format: 'GGUF', quantType: 'Q8_0' },
  }),
  VAE,
  TRAINING,
])

const sha = (value: string): WantedFile['hashes'] => [{ algorithm: 'sha256', value }]

describe('the right file', () => {
  test.each<[string, CivitaiVersion, Partial<WantedFile>, number, string]>([
    ['by digest', version, { hashes: sha(HIGH.sha256) }, 12, 'sha256'],
    ['a digest before a number', version, { hashes: sha(HIGH.sha256), fileId: 11 }, 12, 'sha256'],
    [
      'by AutoV3',
      version,
      { hashes: [{ algorithm: 'auto_v3', value: HIGH.tensorSha256.slice(0, 12) }] },
      12,
      'auto_v3',
    ],
    [
      'by tensors',
      version,
      { hashes: [{ algorithm: 'tensor_sha256', value: HIGH.tensorSha256 }] },
      12,
      'tensor_sha256',
    ],
    ['the VAE by digest', version, { hashes: sha(LOW.sha256) }, 13, 'sha256'],
    ['by number', version, { fileId: 12 }, 12, 'file_id'],
    ['an unknown number', version, { fileId: 99 }, 11, 'primary'],
    [
      'by what its address says',
      several,
      { traits: { type: 'Model', format: 'SafeTensor', size: 'full', fp: 'fp32' } },
      22,
      'traits',
    ],
    ['by a part of it', several, { traits: { fp: 'FP32' } }, 22, 'traits'],
    ['a digest before an address', several, { hashes: sha(HIGH.sha256), traits: { fp: 'fp16' } }, 22, 'sha256'],
    ['a number before an address', several, { fileId: 21, traits: { fp: 'fp32' } }, 21, 'file_id'],
    ['an address before a name', several, { names: ['m.safetensors'], traits: { type: 'Pruned Model' } }, 23, 'traits'],
    ['a VAE by its address', several, { traits: { type: 'VAE' }, type: 'checkpoint' }, 13, 'traits'],
    ['a quantised file', several, { traits: { format: 'GGUF', quant: 'Q8_0' } }, 25, 'traits'],
    ['a quantised file by its name', several, { traits: { type: 'Model', quant: 'Q4_K_M' } }, 24, 'traits'],
    [
      'one of which nothing is said',
      aVersion([PRUNED]),
      { traits: { type: 'Model', size: 'full', fp: 'fp16' } },
      11,
      'primary',
    ],
    ['an address that several fit', several, { traits: { type: 'Model' } }, 21, 'primary'],
    ['another word for the main file', aVersion([PRUNED]), { traits: { type: 'Pruned Model' } }, 11, 'primary'],
    ['two of one name', version, { names: ['x\\same.safetensors'] }, 11, 'name'],
    ['by name', two, { names: ['sub/one.safetensors'] }, 11, 'name'],
    ['by name without its ending', two, { names: ['one'] }, 11, 'name'],
    ['the primary one', version, {}, 11, 'primary'],
    ['the VAE by type', version, { type: 'vae' }, 13, 'type'],
    ['a type that it is not', version, { type: 'lora' }, 11, 'primary'],
    ['the only one without a digest', aVersion([PRUNED, NEW]), { hashes: sha('ab'.repeat(32)) }, 16, 'only'],
    ['by ending', aVersion([PRUNED, wireFile(17, 'x.gguf', HIGH, { primary: false })]), { format: 'GGUF' }, 17, 'only'],
    ['the same bytes twice', aVersion([wireFile(18, 'a', HIGH, { primary: false }), FULL]), {}, 18, 'only'],
  ])('%s', (_, of, wanted, id, matchedBy) => {
    const picked = pickFile(of, { hashes: [], ...wanted })
    expect(picked.file?.id).toBe(id)
    // A name that two files have leaves it to the site which is meant.
    expect(picked).toMatchObject({ matchedBy: _ === 'two of one name' ? 'primary' : matchedBy })
  })

  test.each<[string, CivitaiVersion, Partial<WantedFile>, RegExp]>([
    ['another digest', version, { hashes: sha('ab'.repeat(32)) }, /no file with the wanted digest/],
    [
      'another digest under that number',
      aVersion([PRUNED, NEW]),
      { hashes: sha('ab'.repeat(32)), fileId: 11 },
      /another/,
    ],
    [
      'no file as the address says',
      several,
      { traits: { type: 'Model', format: 'SafeTensor', fp: 'bf16' } },
      /as its address says/,
    ],
    ['training data by its address', several, { traits: { type: 'Training Data' } }, /as its address says/],
    ['two, neither primary', two, {}, /has 2 files that fit: 11 \(one\.safetensors\), 12 \(same\.safetensors\)/],
    ['training data by its number', aVersion([TRAINING]), { fileId: 14 }, /no model files/],
    ['no files', aVersion([]), {}, /no model files/],
  ])('none: %s', (_, of, wanted, reason) => {
    expect(pickFile(of, { hashes: [], ...wanted })).toEqual({
      file: undefined,
      reason: expect.stringMatching(reason),
    })
  })

  test('training data is never picked, not even by its number', () => {
    expect(pickFile(version, { hashes: [], fileId: 14 }).file?.id).toBe(11)
    expect(pickFile(version, { hashes: [], names: ['data.zip', 'same.yaml'] }).file?.id).toBe(11)
  })
})

describe('digests', () => {
  test.each<[string, string, string, string]>([
    ['sha256', HIGH.sha256, 'sha256', 'sha256'],
    ['tensors said to be of the file', HIGH.tensorSha256, 'sha256', 'sha256'],
    ['the file said to be of tensors', HIGH.sha256, 'tensor_sha256', 'tensor_sha256'],
    ['twelve digits of the file', HIGH.sha256.slice(0, 12), 'auto_v3', 'auto_v3'],
    ['twelve digits of the file, named so', HIGH.sha256.slice(0, 12), 'sha256_12', 'sha256_12'],
    ['ten', HIGH.sha256.slice(0, 10), 'auto_v2', 'auto_v2'],
    ['eight', HIGH.autoV1, 'auto_v1', 'auto_v1'],
    ['eight of another kind', HIGH.crc32, 'auto_v1', 'auto_v1'],
    ['other eight', LOW.crc32, 'crc32', 'unknown'],
    ['other ten', LOW.sha256.slice(0, 10), 'auto_v2', 'different'],
    ['other twelve', LOW.sha256.slice(0, 12), 'auto_v3', 'different'],
    ['other sixty-four', LOW.sha256, 'blake3', 'different'],
    ['of no bytes', EMPTY_SHA256, 'sha256', 'unknown'],
    ['a kind that nobody knows', HIGH.sha256, 'md5', 'unknown'],
  ])('%s', (_, value, algorithm, verdict) => {
    const [file] = parseFiles([wireFile(1, 'a', HIGH)])
    expect(String(compareHashes([{ algorithm, value }], file?.hashes ?? {}))).toBe(verdict)
    expect(compareHashes([{ algorithm, value }], {})).toBe('unknown')
  })

  test('the most telling one decides', () => {
    const [file] = parseFiles([wireFile(1, 'a', HIGH)])
    const weak = { algorithm: 'auto_v1', value: HIGH.autoV1 }
    expect(compareHashes([weak, ...sha(LOW.sha256)], file?.hashes ?? {})).toBe('different')
  })

  test.each<[string, string, readonly string[]]>([
    ['sha256', HIGH.sha256, [HIGH.sha256]],
    ['tensor_sha256', HIGH.tensorSha256, [HIGH.tensorSha256.slice(0, 12)]],
    ['auto_v3', HIGH.sha256.slice(0, 12), [HIGH.sha256.slice(0, 12), HIGH.sha256.slice(0, 10)]],
    ['sha256_12', HIGH.sha256.slice(0, 12), [HIGH.sha256.slice(0, 10), HIGH.sha256.slice(0, 12)]],
    ['crc32', HIGH.crc32, [HIGH.crc32]],
    ['auto_v3', EMPTY_SHA256.slice(0, 12), []],
    ['sha256', EMPTY_SHA256, []],
  ])('what Civitai is asked for: %s %s', (algorithm, value, lookups) => {
    expect(lookupsOf({ algorithm, value })).toEqual(lookups)
  })
})

describe('what stands in an answer', () => {
  test.each<[string, unknown, number | null, boolean]>([
    ['with its fraction', 2048.1015625, 2_097_256, true],
    ['a whole number may be rounded', 2048, 2_097_152, false],
    ['rounded', 2048.1, 2_097_254, false],
    ['none', null, null, false],
    ['a text', '2048', null, false],
    ['too much', 1e300, null, false],
    ['negative', -1, null, false],
  ])('sizes: %s', (_, sizeKB, sizeBytes, isSizeExact) => {
    expect(parseFiles([{ id: 1, sizeKB }])[0]).toMatchObject({ sizeBytes, isSizeExact })
  })

  test.each<[string, unknown]>([
    ['no object', 'abc'],
    ['null', null],
    ['of no bytes', { SHA256: EMPTY_SHA256.toUpperCase() }],
    ['of another length', { SHA256: 'AB', AutoV1: HIGH.sha256 }],
    ['no hex', { AutoV2: 'XYZXYZXYZX' }],
    ['other names', { MD5: 'ABCDEF0123' }],
  ])('hashes that are none: %s', (_, hashes) => {
    expect(parseFiles([{ id: 1, hashes } as JsonObject])[0]?.hashes).toEqual({})
  })

  test('what are no files is left out', () => {
    expect(parseFiles([null, 7, {}, { id: 'x' }, { id: 3 }]).map(({ id }) => id)).toEqual([3])
    expect(parseFiles({ 0: { id: 1 } })).toEqual([])
  })

  test.each<[string | null, string | null, string, string, CivitaiModelType]>([
    ['Model', 'SafeTensor', 'Checkpoint', 'SDXL 1.0', 'checkpoint'],
    ['Pruned Model', 'SafeTensor', 'Checkpoint', 'SD 1.5', 'checkpoint'],
    ['Diffusion Model', 'SafeTensor', 'Checkpoint', 'SDXL 1.0', 'diffusion_model'],
    ['UNet', 'SafeTensor', 'Checkpoint', 'SDXL 1.0', 'diffusion_model'],
    ['Model', 'GGUF', 'Checkpoint', 'SDXL 1.0', 'diffusion_model'],
    ['Model', 'SafeTensor', 'Checkpoint', 'Wan Video 2.2 I2V-A14B', 'diffusion_model'],
    ['Model', 'SafeTensor', 'Checkpoint', 'Flux.1 D', 'diffusion_model'],
    ['Model', 'SafeTensor', 'LORA', 'Flux.1 D', 'lora'],
    ['Model', 'SafeTensor', 'LoCon', 'SDXL 1.0', 'lora'],
    ['Negative', 'PickleTensor', 'TextualInversion', 'SD 1.5', 'embedding'],
    ['VAE', 'SafeTensor', 'Checkpoint', 'Flux.1 D', 'vae'],
    ['Text Encoder', 'SafeTensor', 'Checkpoint', 'Flux.1 D', 'text_encoder'],
    ['Vision Encoder', 'SafeTensor', 'Checkpoint', 'Flux.1 D', 'clip_vision'],
    ['Enhancement LoRA', 'SafeTensor', 'Checkpoint', 'Flux.1 D', 'lora'],
    ['Training Data', 'Other', 'LORA', 'SDXL 1.0', 'other'],
    ['Model', 'SafeTensor', 'MotionModule', 'SD 1.5', 'motion_module'],
    ['Model', 'SafeTensor', 'Something New', 'SD 1.5', 'other'],
    [null, null, 'VAE', 'SD 1.5', 'vae'],
  ])('type of a file %s (%s) of a %s for %s', (type, format, modelType, baseModel, expected) => {
    expect(fileModelType({ type, format }, { type: modelType, baseModel })).toBe(expected)
  })

  test('every type is one of the library', () => {
    expect(MODEL_TYPES).toEqual(expect.arrayContaining([...CIVITAI_MODEL_TYPES]))
  })

  test.each([
    ['of this version', 'urn:air:sdxl:checkpoint:civitai:1@2', 'urn:air:sdxl:checkpoint:civitai:1@2'],
    ['of another version', 'urn:air:sdxl:checkpoint:civitai:1@3', 'civitai:1@2'],
    ['of another model', 'urn:air:sdxl:checkpoint:civitai:7@2', 'civitai:1@2'],
    ['nonsense', 'javascript:alert(1)', 'civitai:1@2'],
    ['none', null, 'civitai:1@2'],
  ])('AIR: %s', (_, air, expected) => {
    expect(aVersion([], { air }).air).toBe(expected)
  })

  test('the newest version is the published one that came last', () => {
    const at = (id: number, publishedAt: string | null, status = 'Published'): JsonObject => ({
      id,
      publishedAt,
      status,
    })
    const newest = (...modelVersions: JsonObject[]) => parseCivitaiModel({ id: 1, modelVersions })?.newest?.versionId
    expect(newest(at(5, '2026-01-01T00:00:00Z'), at(6, '2026-02-01T00:00:00Z'))).toBe(6)
    expect(newest(at(5, '2026-01-01T00:00:00Z'), at(6, '2026-01-01T00:00:00Z'))).toBe(5)
    expect(newest(at(7, null), at(5, '2026-01-01T00:00:00Z'), at(6, '2026-02-01T00:00:00Z', 'Draft'))).toBe(5)
    expect(newest(at(6, '2026-02-01T00:00:00Z', 'Draft'))).toBeUndefined()
  })

  test('a version gets from its model what only that knows', () => {
    const model = parseCivitaiModel({
      id: 1,
      nsfw: true,
      mode: 'Archived',
      allowCommercialUse: '{Sell}',
      modelVersions: [{ id: 2, earlyAccessDeadline: '2026-12-01T00:00:00Z' }],
    })
    if (model === undefined) throw new Error('no model')
    expect(joinModel(aVersion([], { availability: 'Public' }), model)).toMatchObject({
      license: { allowCommercialUse: ['Sell'], allowDerivatives: null },
      nsfw: true,
      availability: 'Archived',
      paidAccess: { permanent: false, endsAt: '2026-12-01T00:00:00Z' },
    })
  })
})

test('whatever comes: files that can be picked from, or none', () => {
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(PRUNED), PRUNED, VAE, TRAINING))
  const file = fc.record(
    { id: fc.oneof(fc.integer(), odd), name: odd, type: odd, sizeKB: odd, hashes: odd, metadata: odd, primary: odd },
    { requiredKeys: [] },
  )
  const answer = fc.record(
    {
      id: fc.constant(2),
      modelId: odd,
      air: odd,
      baseModel: odd,
      publishedAt: odd,
      files: fc.oneof(odd, fc.array(file)),
    },
    { requiredKeys: ['id'] },
  )
  fc.assert(
    fc.property(answer, odd, (wire, name) => {
      const parsed = parseCivitaiVersion(wire)
      if (parsed === undefined) throw new Error('no version')
      const picked = pickFile(parsed, { hashes: sha(HIGH.sha256), names: [JSON.stringify(name)] })
      if (picked.file !== undefined) expect(parsed.files).toContain(picked.file)
      else expect(picked.reason).not.toBe('')
      expect(parseCivitaiModel({ id: 1, modelVersions: [wire] })?.versions.length).toBe(1)
    }),
  )
})
