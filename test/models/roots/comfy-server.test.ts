import { describe, expect, test } from 'bun:test'
import { askComfy, type ComfyServerDeps, readComfyFolders } from '../../../src/models/roots/comfy-server.ts'
import { rejection } from '../../support/rejection.ts'

async function ask(address: string, deps: Partial<ComfyServerDeps> = {}) {
  const notes: string[] = []
  const folders = await askComfy(
    address,
    {
      signal: new AbortController().signal,
      fetchComfyFolders: async () => [{ name: 'loras', folders: ['/l'] }],
      ...deps,
    },
    (text) => notes.push(text),
  )
  return { folders, notes }
}

describe('what a ComfyUI answers', () => {
  test.each([
    ['loras', 'lora'],
    ['unet', 'diffusion_model'],
    ['clip', 'text_encoder'],
    ['t2i_adapter', 'controlnet'],
    ['ultralytics_bbox', 'detector'],
    ['gligen', 'other'],
    ['diffusers', undefined],
    ['a_node_of_its_own', undefined],
    ['__proto__', undefined],
  ])('a folder for %s has the type %p', (name, type) => {
    expect<unknown>(readComfyFolders([{ name, folders: ['/x/../y'] }])).toEqual([
      { path: '/y', type, layout: 'comfyui' },
    ])
  })

  test.each([['configs'], ['custom_nodes'], ['fonts']])('%s holds no models', (name) => {
    expect(readComfyFolders([{ name, folders: ['/x'] }])).toEqual([])
  })

  const WRONG: readonly unknown[] = [
    { error: 'no' },
    'loras',
    null,
    ['loras', 'vae'],
    [{ name: 'loras' }],
    [{ name: 7, folders: [] }],
    [{ name: 'loras', folders: '/l' }],
  ]
  for (const answer of WRONG) {
    test(`${JSON.stringify(answer)} is no list of folders`, () => {
      expect(readComfyFolders(answer)).toBeUndefined()
    })
  }

  test('paths that cannot be are left out', () => {
    const folders = ['relative', 7, null, `/${'x'.repeat(5000)}`, 'C:\\models', '/ok']
    expect(readComfyFolders([{ name: 'vae', folders }])?.map(({ path }) => path)).toEqual(['/ok'])
  })

  test('is bounded', () => {
    const folders = Array.from({ length: 3000 }, (_, at) => `/${at}`)
    expect(readComfyFolders([{ name: 'vae', folders }])).toHaveLength(2000)
  })
})

describe('asking', () => {
  test.each([
    ['http://h:8188', 'http://h:8188/experiment/models'],
    ['https://h/comfy/', 'https://h/comfy/experiment/models'],
    ['http://name:secret@h', 'http://name:secret@h/experiment/models'],
  ])('%s', async (address, expected) => {
    const asked: string[] = []
    const { folders, notes } = await ask(address, {
      fetchComfyFolders: async (url) => {
        asked.push(url)
        return []
      },
    })
    expect(asked).toEqual([expected])
    expect(folders).toEqual([])
    expect(notes.join()).not.toContain('secret')
  })

  test.each([['ftp://h'], ['127.0.0.1:8188'], ['no address']])('%s is no address', async (address) => {
    const { folders, notes } = await ask(address)
    expect(folders).toBeUndefined()
    expect(notes).toEqual(['The address of ComfyUI (comfy_url) is no http address; its files are read instead.'])
  })

  test('one that fails, by throwing or by rejecting, is a note', async () => {
    const fail = (): never => {
      throw new Error('refused')
    }
    for (const fetchComfyFolders of [fail, async () => fail()]) {
      const { folders, notes } = await ask('http://h', { fetchComfyFolders })
      expect(folders).toBeUndefined()
      expect(notes).toEqual(['ComfyUI at http://h/experiment/models did not answer; its files are read instead.'])
    }
  })

  test('one that never answers is given up, even where the fetch does not heed its signal', async () => {
    const { folders } = await ask('http://h', { timeLimitMs: 1, fetchComfyFolders: () => new Promise(() => undefined) })
    expect(folders).toBeUndefined()
  })

  test('who cancels is not told of a silent ComfyUI', async () => {
    const controller = new AbortController()
    const asked = ask('http://h', {
      signal: controller.signal,
      fetchComfyFolders: () => new Promise(() => controller.abort(new Error('enough'))),
    })
    expect(await rejection(asked)).toEqual(new Error('enough'))
  })
})
