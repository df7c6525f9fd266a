import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  parseCivitaiFileLink,
  parseCivitaiLink,
  parseCivitaiModelLink,
  toCivitaiLink,
  toOriginalUrl,
} from '../../src/civitai/links.ts'

describe('addresses of posts and images', () => {
  test.each([
    ['https://civitai.com/posts/23602354', 'post', '23602354'],
    ['https://www.civitai.com/posts/23602354/', 'post', '23602354'],
    ['http://civitai.red/posts/1?x=2#y', 'post', '1'],
    ['https://civitai.green/posts/7/some-title', 'post', '7'],
    ['https://CIVITAI.BLUE/images/60010001', 'image', '60010001'],
    ['https://civitai.com/images/9007199254740991', 'image', '9007199254740991'],
    ['https://civitai.com/images/9007199254740992', 'image', undefined],
    ['https://civitai.com/posts/5', 'image', undefined],
    ['https://civitai.com/images/5', 'post', undefined],
    ['https://civitai.com/posts/05', 'post', undefined],
    ['https://civitai.com/posts/5x', 'post', undefined],
    ['https://civitai.com/posts/', 'post', undefined],
    ['https://civitai.com/models/5', 'post', undefined],
    ['https://civitai.com.evil.example/posts/5', 'post', undefined],
    ['https://evilcivitai.com/posts/5', 'post', undefined],
    ['https://user@civitai.com/posts/5', 'post', undefined],
    ['https://civitai.com:8443/posts/5', 'post', undefined],
    ['ftp://civitai.com/posts/5', 'post', undefined],
    ['civitai.com/posts/5', 'post', undefined],
    ['', 'post', undefined],
  ] as const)('%s as %s is %s', (link, page, id) => {
    expect(parseCivitaiLink(link, page)).toBe(id)
  })

  test('what is written is read again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.constantFrom('post', 'image'),
        (id, page) => {
          expect(parseCivitaiLink(toCivitaiLink(page, String(id)), page)).toBe(String(id))
        },
      ),
    )
  })

  test('no text is too odd', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseCivitaiLink(text, 'post')))
  })
})

describe('addresses of models', () => {
  test.each([
    ['https://civitai.com/models/12', { modelId: 12 }],
    ['https://civitai.com/models/12/harbor-lights?modelVersionId=34', { modelId: 12, versionId: 34 }],
    ['http://www.civitai.red/models/12?a=b&modelVersionId=34#c', { modelId: 12, versionId: 34 }],
    ['https://civitai.com/model-versions/34', { versionId: 34 }],
    ['https://civitai.com/api/download/models/34?type=Model&format=SafeTensor', { versionId: 34 }],
    ['https://civitai.green/api/v1/model-versions/34', { versionId: 34 }],
    ['https://civitai.blue/api/v1/models/12/', { modelId: 12 }],
    ['https://civitai.com/models/12?modelVersionId=x', { modelId: 12 }],
    ['https://civitai.com/models/12?modelVersionId=0', { modelId: 12 }],
    ['https://civitai.com/models/9007199254740991', { modelId: Number.MAX_SAFE_INTEGER }],
    ['https://civitai.com/models/9007199254740992', undefined],
    ['https://civitai.com/models/0', undefined],
    ['https://civitai.com/models/12x', undefined],
    ['https://civitai.com/models/', undefined],
    ['https://civitai.com/api/download/training-data/34', undefined],
    ['https://civitai.com/posts/12?modelVersionId=34', undefined],
    ['https://civitai.com.evil.example/models/12', undefined],
    ['https://user@civitai.com/models/12', undefined],
    ['https://civitai.com:8443/models/12', undefined],
    ['ftp://civitai.com/models/12', undefined],
    ['civitai.com/models/12', undefined],
    ['', undefined],
  ] as const)('%s', (link, ids) => {
    expect(parseCivitaiModelLink(link)).toEqual(ids)
  })

  test('no text is too odd', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseCivitaiModelLink(text)))
  })
})

describe('which file a link means', () => {
  test.each([
    ['https://civitai.com/api/download/models/34?fileId=5', { versionId: 34, fileId: 5 }],
    [
      'https://civitai.red/api/download/models/34?type=Pruned%20Model&format=SafeTensor&size=pruned&fp=fp16',
      { versionId: 34, type: 'Pruned Model', format: 'SafeTensor', size: 'pruned', fp: 'fp16' },
    ],
    [
      'https://civitai.com/api/download/models/34?format=GGUF&quantType=Q4_K_M',
      { versionId: 34, format: 'GGUF', quant: 'Q4_K_M' },
    ],
    ['https://civitai.com/models/12/a?modelVersionId=34&type=VAE', { versionId: 34, type: 'VAE' }],
    ['https://civitai.com/api/download/models/34', undefined],
    ['https://civitai.com/api/download/models/34?token=x', undefined],
    [`https://civitai.com/api/download/models/34?fileId=-1&type=&fp=${'x'.repeat(50)}`, undefined],
    ['https://civitai.com/models/12?type=VAE', undefined],
    ['https://example.com/api/download/models/34?type=VAE', undefined],
    ['x', undefined],
  ] as const)('%s', (link, expected) => {
    expect(parseCivitaiFileLink(link)).toEqual(expected)
  })

  test('no text is too odd', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseCivitaiFileLink(text)))
  })
})

describe('media in original quality', () => {
  const media = 'https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/11111111-2222-4333-8444-555555555501'
  const uuid = '11111111-2222-4333-8444-555555555501'
  test.each([
    [`${media}/width=450/5.jpeg`, `${media}/original=true/5.jpeg`],
    [`${media}/anim=false,transcode=true,width=450/5.jpeg`, `${media}/original=true/5.jpeg`],
    [`${media}/original=true/5.jpeg`, `${media}/original=true/5.jpeg`],
    [`${media}/width=450/5.jpeg?token=a`, `${media}/original=true/5.jpeg?token=a`],
    ['https://example.com/a/b.png', 'https://example.com/a/b.png'],
    [uuid, `${media}/original=true/5.jpeg`],
    ['no address', 'no address'],
  ])('%s', (address, original) => {
    expect(toOriginalUrl(address, { id: '5', type: 'image' })).toBe(original)
  })

  test('a bare UUID of a video ends in mp4', () => {
    expect(toOriginalUrl(uuid, { id: '5', type: 'video' })).toBe(`${media}/original=true/5.mp4`)
  })
})
