import { describe, expect, test } from 'bun:test'
import type { DeclaredModel } from '../../../../src/import/parse/comfyui/graph.ts'
import { brief, graphOf, node, say, withNode } from './graphs.ts'

describe('declared models', () => {
  const URL = 'https://huggingface.co/org/repo/resolve/main/a.safetensors'
  const declare = (className: string, inputs: Record<string, unknown>, declared: readonly DeclaredModel[]) =>
    say(withNode(graphOf({ 1: node(className, inputs) }), '1', { declared }))

  test('add address, folder and hash to the model that is selected', () => {
    const sha = 'ab'.repeat(32)
    const { mentions } = declare('VAELoader', { vae_name: 'sub\\a.safetensors' }, [
      { name: 'b.safetensors', url: 'https://host.example/b.safetensors' },
      { name: 'sub/a.safetensors', url: URL, directory: 'vae', hash: sha, hashType: 'SHA256' },
    ])
    expect(mentions).toEqual([
      {
        type: 'vae',
        name: 'sub\\a.safetensors',
        urls: [URL],
        hashes: [{ algorithm: 'sha256', value: sha, source: 'comfyui:prompt node 1 vae_name' }],
        folder: 'vae',
        active: true,
        evidence: ['comfyui:prompt node 1 vae_name'],
      },
    ])
  })

  test("Civitai's address brings the version", () => {
    const url = 'https://civitai.com/api/download/models/910201'
    const { mentions } = declare('LoraLoader', { lora_name: 'a.pt' }, [{ name: 'a.pt', url }])
    expect(mentions[0]).toMatchObject({ name: 'a.pt', civitai: { version_id: 910201 }, urls: [url] })
  })

  test.each([
    ['another name', 'VAELoader', 'vae_name', { name: 'A.safetensors', directory: 'vae' }],
    ['another folder', 'VAELoader', 'vae_name', { name: 'a.safetensors', directory: 'loras' }],
    ['a folder of its own', 'VAELoader', 'vae_name', { name: 'sub/a.safetensors' }],
  ])('%s is out of date', (_, className, input, declared) => {
    const { mentions } = declare(className, { [input]: 'a.safetensors' }, [{ ...declared, url: URL }])
    expect(mentions.map(({ urls, folder }) => [urls, folder])).toEqual([[undefined, undefined]])
  })

  test('the folder tells the type of a guess, and of a name without extension', () => {
    const declared = [
      { name: 'a.safetensors', directory: 'text_encoders/qwen' },
      { name: 'plain', directory: 'loras' },
      { name: 'c.safetensors', directory: 'strange' },
    ]
    const { mentions } = declare('Mist', { x: 'a.safetensors', y: 'plain', z: 'c.safetensors' }, declared)
    expect(mentions.map(brief)).toEqual([
      'text_encoder a.safetensors in text_encoders/qwen',
      'lora plain in loras',
      'other? c.safetensors in strange',
    ])
  })

  test('the folder of a guess counts more than its words', () => {
    const { mentions } = declare('Mist Lora', { x: 'a.pt' }, [{ name: 'a.pt', directory: 'vae/sub' }])
    expect(mentions.map(brief)).toEqual(['vae a.pt in vae/sub'])
  })

  test('types without a folder of their own agree with any', () => {
    const { mentions } = declare('GLIGENLoader', { gligen_name: 'a.pt' }, [
      { name: 'a.pt', directory: 'loras', url: URL },
    ])
    expect(mentions[0]).toMatchObject({ type: 'other', folder: 'loras', urls: [URL] })
    const other = declare('VAELoader', { vae_name: 'a.pt' }, [{ name: 'a.pt', directory: 'gligen', url: URL }])
    expect(other.mentions[0]).toMatchObject({ type: 'vae', folder: 'gligen', urls: [URL] })
  })

  test('a hash may come without its kind', () => {
    const { mentions } = declare('VAELoader', { vae_name: 'a.pt' }, [{ name: 'a.pt', hash: 'ABCDEF0123' }])
    expect(mentions[0]?.hashes).toEqual([
      { algorithm: 'auto_v2', value: 'abcdef0123', source: 'comfyui:prompt node 1 vae_name' },
    ])
  })

  test('a hash of an unknown kind is told', () => {
    const { mentions, warnings } = declare('VAELoader', { vae_name: 'a.pt' }, [
      { name: 'a.pt', hash: 'xyz', hashType: 'md5' },
    ])
    expect(mentions.map(brief)).toEqual(['vae a.pt'])
    expect(warnings).toEqual(['comfyui:prompt node 1 vae_name: this is not a hash of a known kind'])
  })
})
