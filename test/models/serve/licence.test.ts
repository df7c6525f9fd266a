import { describe, expect, test } from 'bun:test'
import type { ModelLabel } from '../../../src/civitai/model-label.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { toCivitaiRecord } from '../../../src/models/civitai-record.ts'
import { type LicensedFile, licenceName, whyKept } from '../../../src/models/serve/licence.ts'
import { civitaiIds } from '../../../src/models/serve/model-key.ts'

const NOW = Date.UTC(2026, 7, 1)

const aFile = (over: Partial<LicensedFile> = {}): LicensedFile => ({
  license: null,
  baseModel: null,
  civitai: null,
  ...over,
})

const FLAGS = {
  allow_no_credit: false,
  allow_commercial_use: [],
  allow_derivatives: false,
  allow_different_license: false,
}

describe('passed on', () => {
  test.each([
    null,
    '',
    'apache-2.0',
    'mit',
    'openrail++',
    'CreativeML Open RAIL++-M',
    'CC-BY-NC-ND-4.0',
    'Creative Commons Attribution-NonCommercial-ShareAlike 4.0',
    'CC Non Commercial Share Alike',
    'FLUX.1 [dev] Non-Commercial License',
    'Stability AI Community License',
    'Fair AI Public License 1.0-SD',
    'Copyright (c) 2024. All rights reserved. Redistribution and use in source and binary forms are permitted',
    'Permission is hereby granted, free of charge … All rights reserved.',
  ])('%p', (license) => {
    expect(whyKept(aFile({ license }), NOW)).toBeUndefined()
  })

  test.each<[JsonObject]>([
    [{}],
    [{ availability: 'Public', license: FLAGS }],
    [{ availability: 'Unsearchable' }],
    [{ availability: 'Archived' }],
    [{ availability: 'EarlyAccess', paid_access: { permanent: false, ends_at: '2026-07-31T00:00:00Z' } }],
    [{ paid_access: null, unknown: true }],
    [{ usage_control: 'Download' }],
    [{ availability: 7, paid_access: 7, usage_control: null }],
  ])('%j', (civitai) => {
    expect(whyKept(aFile({ civitai }), NOW)).toBeUndefined()
  })

  test.each(['SDXL 1.0', 'Flux.1 D', 'Flux.1 S', 'Wan Video 2.2 I2V-A14B', 'SD 3.5 Large', 'Pony', 'Vega', 'Soraya'])(
    'a model for %s',
    (baseModel) => {
      expect(whyKept(aFile({ baseModel }), NOW)).toBeUndefined()
    },
  )
})

describe('kept', () => {
  test.each([
    'All rights reserved',
    'Proprietary, (c) me',
    'personal use only',
    'Private use only',
    'no redistribution',
    'Do not reupload',
    'You may not share or redistribute this model',
    'Redistribution is not permitted',
    'sharing this file is strictly forbidden',
    'All rights reserved. Redistribution not permitted.',
    'non-redistributable',
  ])('%p', (license) => {
    expect(whyKept(aFile({ license }), NOW)).toBeDefined()
  })

  test.each<[JsonObject, number | undefined]>([
    [{ availability: 'Private' }, undefined],
    [{ availability: 'TakenDown' }, undefined],
    [{ availability: 'EarlyAccess' }, undefined],
    [{ availability: 'early_access', paid_access: { permanent: false, ends_at: null } }, undefined],
    [{ availability: 'Public', paid_access: { permanent: true, ends_at: '2026-01-01T00:00:00Z' } }, undefined],
    [
      { availability: 'EarlyAccess', paid_access: { permanent: false, ends_at: '2026-08-02T00:00:00Z' } },
      Date.UTC(2026, 7, 2),
    ],
    [{ paid_access: { permanent: null, ends_at: 'soon' } }, undefined],
    [{ usage_control: 'InternalGeneration' }, undefined],
  ])('%j until %p', (civitai, until) => {
    const kept = whyKept(aFile({ civitai }), NOW)
    expect(kept?.reason).toMatch(/^[A-Z][^.]+$/)
    expect(kept?.until).toBe(until as never)
  })

  test.each([
    'Sora 2',
    'Veo 3',
    'OpenAI',
    'Imagen4',
    'Nano Banana',
    'Kling',
    'Flux.1 Pro',
    'FLUX.1 [pro]',
    'Flux.2 Max',
  ])('weights for %s', (baseModel) => {
    expect(whyKept(aFile({ baseModel }), NOW)).toBeDefined()
    expect(whyKept(aFile({ civitai: { base_model: baseModel } }), NOW)).toBeDefined()
    // Civitai knows better than a guess.
    expect(whyKept(aFile({ baseModel, civitai: { base_model: 'SDXL 1.0' } }), NOW)).toBeUndefined()
  })
})

test('what is kept of a label is what is read here', () => {
  const label: ModelLabel = {
    ...{ modelId: 1, versionId: 2, modelName: 'A', versionName: 'B', type: 'LORA', baseModel: 'SDXL 1.0', nsfw: false },
    trainedWords: [],
    license: {
      ...{ allowNoCredit: true, allowDerivatives: true, allowDifferentLicense: true },
      allowCommercialUse: ['Sell'],
    },
    availability: 'EarlyAccess',
    paidAccess: { permanent: false, endsAt: '2026-08-02T00:00:00Z' },
  }
  const civitai = toCivitaiRecord(label, NOW)
  expect(whyKept(aFile({ civitai }), NOW)?.until).toBe(Date.UTC(2026, 7, 2))
  expect(licenceName(aFile({ civitai }))).toBe('commercial')
  expect(civitaiIds(civitai)).toEqual({ modelId: 1, versionId: 2 })
})

describe('the licence that a manifest names', () => {
  const withUses = (allow_commercial_use: JsonObject[string], base_model = 'SDXL 1.0') =>
    aFile({ license: 'mit', civitai: { base_model, license: { ...FLAGS, allow_commercial_use } } })

  test.each([
    [withUses(['Image']), 'commercial'],
    [withUses([]), 'noncommercial'],
    [withUses(['Image', 'Sell'], 'Flux.1 D'), 'noncommercial'],
    [withUses(['Image', 'Sell'], 'Flux.1 Kontext'), 'noncommercial'],
    [withUses(['Image', 'Sell'], 'Flux.1 S'), 'commercial'],
    [withUses(['Image'], 'SVD XT'), 'noncommercial'],
    // Unknown flags are no permission.
    [withUses(null), 'mit'],
    [aFile({ civitai: { license: {} } }), null],
    [aFile({ license: 'apache-2.0' }), 'apache-2.0'],
    [aFile(), null],
  ])('%j: %p', (file, name) => {
    expect(licenceName(file)).toBe(name)
  })
})
