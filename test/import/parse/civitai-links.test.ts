import { describe, expect, test } from 'bun:test'
import { TRUST } from '../../../src/import/mention.ts'
import { civitaiLinks } from '../../../src/import/parse/civitai-links.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const needs = (text: string): string[] =>
  ask(civitaiLinks, text).dependencies.map((dependency) => `${brief(dependency)} ${dependency.urls[0]}`)

describe('links', () => {
  const rows: readonly (readonly [text: string, needs: string[]])[] = [
    ['https://civitai.com/models/12', ['other - 12@ https://civitai.com/models/12']],
    [
      'https://civitai.com/models/12/harbor-mix?modelVersionId=34',
      ['other - 12@34 https://civitai.com/models/12/harbor-mix?modelVersionId=34'],
    ],
    ['https://www.civitai.red/models/12', ['other - 12@ https://www.civitai.red/models/12']],
    ['http://civitai.green/models/12', ['other - 12@ http://civitai.green/models/12']],
    [
      'https://civitai.com/api/download/models/34?type=Model&format=SafeTensor&size=pruned&fp=fp16',
      ['other - @34 https://civitai.com/api/download/models/34?type=Model&format=SafeTensor&size=pruned&fp=fp16'],
    ],
    [
      'https://civitai.com/api/download/models/34?type=VAE&token=secret',
      ['vae - @34 https://civitai.com/api/download/models/34?type=VAE'],
    ],
    ['https://civitai.com/api/v1/model-versions/34', ['other - @34 https://civitai.com/api/v1/model-versions/34']],
    [
      'https://huggingface.co/a/b/blob/main/loras/ink.safetensors',
      ['lora ink https://huggingface.co/a/b/resolve/main/loras/ink.safetensors'],
    ],
    [
      'https://huggingface.co/a/b/resolve/main/split/text_encoders/t5.safetensors?download=true',
      ['text_encoder t5 https://huggingface.co/a/b/resolve/main/split/text_encoders/t5.safetensors?download=true'],
    ],
    ['https://hf.co/a/b/resolve/main/vae/x.pt', ['vae x https://hf.co/a/b/resolve/main/vae/x.pt']],
    ['https://huggingface.co/a/b/resolve/main/x.gguf', ['other x https://huggingface.co/a/b/resolve/main/x.gguf']],
    ['https://huggingface.co/a/b/resolve/main/README.md', []],
    ['https://huggingface.co/a/b', []],
    ['https://civitai.com/images/12', []],
    ['https://civitai.com/posts/12', []],
    ['https://civitai.com/user/models', []],
    ['https://civitai.com.example/models/12', []],
    [
      'see (https://civitai.com/models/12), then <https://civitai.com/models/13>.\nhttps://civitai.com/models/12',
      ['other - 12@ https://civitai.com/models/12', 'other - 13@ https://civitai.com/models/13'],
    ],
  ]
  test.each(rows)('%s', (text, expected) => {
    expect(needs(text)).toEqual(expected)
  })

  test.each([
    ['checkpoints/a', 'checkpoint'],
    ['loras/a', 'lora'],
    ['split/vae/a', 'vae'],
    ['vae_approx/a', 'vae'],
    ['text_encoders/a', 'text_encoder'],
    ['clip/a', 'text_encoder'],
    ['clip_vision/a', 'clip_vision'],
    ['image_encoder/a', 'clip_vision'],
    ['controlnet/a', 'controlnet'],
    ['t2iadapter/a', 'controlnet'],
    ['ipadapter/a', 'ipadapter'],
    ['ip-adapter_faces', 'ipadapter'],
    ['diffusion_models/a', 'diffusion_model'],
    ['unet/a', 'diffusion_model'],
    ['transformer/a', 'diffusion_model'],
    ['upscale_models/a', 'upscaler'],
    ['RealESRGAN/a', 'upscaler'],
    ['embeddings/a', 'embedding'],
    ['style_models/a', 'style_model'],
    ['a', 'other'],
    ['harbor_clip_a', 'other'],
  ])('a file in %s is of type %s', (path, type) => {
    const { dependencies } = ask(civitaiLinks, `https://huggingface.co/a/b/resolve/main/${path}.safetensors`)
    expect(dependencies.map((each) => `${each.type} ${each.type_confidence}`)).toEqual([`${type} low`])
  })

  test('those of Hugging Face are told as such', () => {
    const { dependencies } = ask(civitaiLinks, 'https://huggingface.co/a/b/blob/main/x/y.safetensors')
    expect(dependencies.map(({ evidence }) => evidence)).toEqual([['huggingface:link']])
  })

  test('their types are guesses', () => {
    expect(ask(civitaiLinks, 'https://civitai.com/models/12').dependencies[0]).toMatchObject({
      type_confidence: 'low',
      evidence: ['civitai:link'],
    })
  })
})

describe('how sure it is', () => {
  const link = 'https://civitai.com/models/12'
  const rows: readonly (readonly [text: unknown, confidence: number, trust: number])[] = [
    [link, 0.9, TRUST.native],
    [` - ${link}\n* <${link}>,\n"${link}"`, 0.9, TRUST.native],
    [`made with ${link}`, 0.3, TRUST.claim],
    [{ url: link }, 0, TRUST.claim],
    [`{"url": "${link}`, 0, TRUST.claim],
    [`[my model](${link})`, 0.3, TRUST.claim],
    ['civitai.com', 0, TRUST.claim],
  ]
  test.each(rows)('%j', (value, confidence, trust) => {
    expect(ask(civitaiLinks, value)).toMatchObject({ confidence, trust })
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    expect(ask(civitaiLinks, value)).toMatchObject({ confidence: 0, dependencies: [] })
  })

  test('many links, and texts that are nearly one', () => {
    const links = Array.from({ length: 3000 }, (_, at) => `https://civitai.com/models/${at + 1}`).join('\n')
    expect(ask(civitaiLinks, links).mentions).toHaveLength(1000)
    for (const piece of ['https://', 'https://civitai.com/', 'https://huggingface.co/a', 'https://a@', 'civitai.']) {
      expect(ask(civitaiLinks, piece.repeat(2_000_000 / piece.length)).dependencies).toEqual([])
    }
  })
})
