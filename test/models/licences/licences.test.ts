import { describe, expect, test } from 'bun:test'
import { baseLicenceOf } from '../../../src/models/licences/base-licences.ts'
import { readLicence } from '../../../src/models/licences/named-licence.ts'

describe('a base model comes under the licence of its publisher', () => {
  test.each([
    ['SD 1.5', 'creativeml-openrail-m', true, false],
    ['SD 2.1 768', 'creativeml-openrail-m', true, false],
    ['SDXL 1.0', 'openrail++', true, false],
    ['SDXL Turbo', 'sai-nc-community', false, false],
    ['Pony', 'openrail++', true, false],
    ['Pony V7', 'apache-2.0', true, false],
    ['Illustrious', 'fair-ai-public-license-1.0-sd', true, false],
    ['NoobAI', 'noobai-xl', false, false],
    ['SD 3.5 Large', 'stabilityai-ai-community', true, true],
    ['Flux.1 D', 'flux-1-dev-non-commercial-license', false, true],
    ['Flux.1 Kontext', 'flux-1-dev-non-commercial-license', false, true],
    ['Flux.2 D', 'flux-1-dev-non-commercial-license', false, true],
    ['Flux.1 S', 'apache-2.0', true, false],
    ['flux_schnell', 'apache-2.0', true, false],
    ['Wan Video 2.2 I2V-A14B', 'apache-2.0', true, false],
    ['Wan Video 2.5 T2V', 'wan-hosted', false, false],
    ['Qwen', 'apache-2.0', true, false],
    ['SVD XT', 'stable-video-diffusion-nc-community', false, true],
  ] as const)('%s', (base, name, commercial, acceptance) => {
    expect(baseLicenceOf(base)).toEqual({ name, allowsCommercialUse: commercial, asksForAcceptance: acceptance })
  })

  test.each(['Other', 'Upscaler', '', 'Harbor 9'])('nothing is known of %p', (base) => {
    expect(baseLicenceOf(base)).toBeUndefined()
  })
})

describe('an identifier says what it allows', () => {
  test.each([
    ['apache-2.0', 'commercial'],
    ['MIT', 'commercial'],
    ['openrail++', 'commercial'],
    ['creativeml-openrail-m', 'commercial'],
    ['cc-by-4.0', 'commercial'],
    ['cc-by-sa-4.0', 'commercial'],
    ['agpl-3.0', 'commercial'],
    ['cc-by-nc-4.0', 'noncommercial'],
    ['cc-by-nc-sa-4.0', 'noncommercial'],
    ['flux-1-dev-non-commercial-license', 'noncommercial'],
    ['stable-video-diffusion-nc-community', 'noncommercial'],
    ['microsoft-research-license', 'noncommercial'],
    ['other', undefined],
    ['unknown', undefined],
    ['', undefined],
    ['cc-by-nd-4.0', undefined],
  ] as const)('%s', (name, expected) => {
    expect(readLicence(name)).toBe(expected)
  })
})
