import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chunk, createPng, tEXt } from '../../scripts/fixtures/png-writer.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { aBoundlessModelFile } from '../support/big-models.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { aModelFile } from '../support/model-files.ts'
import { overHttp } from '../support/surfaces.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const fixtures = join(import.meta.dir, '../../fixtures')

let executable: Executable
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())

let folder: TempDir
let data: string
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder.path, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}
beforeAll(() => {
  folder = tempDir()
})
afterEach(() => {
  folder[Symbol.dispose]()
  folder = tempDir()
})
const run = (...args: string[]) => {
  data = join(folder.path, 'data')
  return executable.run(args, { data })
}

const INFOTEXT = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1, Size: 8x8, Model: harborMix_v2'
const GRAPH = JSON.stringify({
  1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'harborMix_v2.safetensors' } },
  2: {
    class_type: 'LoraLoader',
    inputs: { lora_name: 'ink.safetensors', strength_model: 0.5, strength_clip: 0.5, model: ['1', 0], clip: ['1', 1] },
  },
  3: { class_type: 'CLIPTextEncode', inputs: { text: 'a pier', clip: ['2', 1] } },
  4: {
    class_type: 'KSampler',
    inputs: {
      seed: 3,
      steps: 9,
      cfg: 5,
      sampler_name: 'euler',
      scheduler: 'normal',
      denoise: 1,
      model: ['2', 0],
      positive: ['3', 0],
      negative: ['3', 0],
    },
  },
  5: { class_type: 'SaveImage', inputs: { images: ['4', 0], filename_prefix: 'pier' } },
})

describe('what is not there to be found', () => {
  /** The same bytes in every run: by chance others look like a file of some kind. */
  const noise = () =>
    Buffer.concat(Array.from({ length: 160 }, (_, at) => createHash('sha256').update(`noise ${at}`).digest()))
  const bomb = () => chunk('zTXt', Buffer.concat([Buffer.from('parameters\0\0'), Bun.gzipSync(new Uint8Array(10))]))
  test.each([
    ['a picture without metadata', () => createPng(), 4, 'not_found'],
    [
      'a picture with a C2PA manifest only',
      () => createPng({ before: [chunk('caBX', Buffer.from('jumb'))] }),
      4,
      'not_found',
    ],
    ['words', () => Buffer.from('nothing to see here'), 4, 'not_found'],
    ['an empty file', () => Buffer.alloc(0), 2, 'invalid_input'],
    ['zero bytes', () => Buffer.alloc(5000), 2, 'invalid_input'],
    ['noise', noise, 2, 'invalid_input'],
    ['a truncated picture', () => createPng().subarray(0, 200), 2, 'invalid_input'],
    ['JSON that is cut off', () => Buffer.from(GRAPH.slice(0, 100)), 2, 'invalid_input'],
    ['a text that cannot be inflated', () => createPng({ before: [bomb()] }), 2, 'invalid_input'],
  ] as const)('%s', async (_, content, exitCode, code) => {
    const path = file('a.png', content())
    const ended = await run('import', path, '--dry-run', '--json')
    expect(ended.json()).toMatchObject({ code })
    expect(ended.exitCode).toBe(exitCode)
  })
})

test('files beside a picture travel to another host where the picture has no prompt', async () => {
  file('renders/beside.png', createPng())
  file('renders/beside.txt', INFOTEXT)
  file('renders/own.png', createPng({ before: [tEXt('parameters', INFOTEXT)] }))
  file('renders/own.txt', INFOTEXT.replace('harborMix_v2', 'another'))
  file('renders/caption.png', createPng())
  file('renders/caption.txt', 'a pier')
  const server = await executable.serve([], { data: join(folder.path, 'far') })
  try {
    const far = ['--json', '--server', server.url]
    const { items, summary } = (await run('import', join(folder.path, 'renders'), '--dry-run', ...far)).json()
    expect((items as JsonObject[]).map(({ format, error }) => format ?? (error as JsonObject).code)).toEqual([
      'a1111',
      'not_found',
      'a1111',
    ])
    expect((summary as { models: JsonObject[] }).models).toMatchObject([
      { name: 'harborMix_v2', sources: 2 },
      { name: 'ink', sources: 2 },
    ])
    const job = (await run('import', join(folder.path, 'renders/beside.png'), ...far)).json()
    expect(job).toMatchObject({ status: 'partially_completed', format: 'a1111' })
  } finally {
    await server.stop()
  }
})

describe('a folder', () => {
  test('is gone through and summed up', async () => {
    file('renders/one.png', createPng({ before: [tEXt('parameters', INFOTEXT)] }))
    file('renders/deeper/two.jpg', createPng({ before: [tEXt('prompt', GRAPH)] }))
    file('renders/three.mp4', readFileSync(join(fixtures, 'foreign/ffmpeg.mp4')))
    file('renders/plain.png', createPng())
    file('renders/cut.png', createPng().subarray(0, 100))
    file('renders/one.txt', 'beside one.png, and read with it')
    file('renders/.hidden.png', createPng({ before: [tEXt('parameters', INFOTEXT)] }))
    const ended = await run('import', join(folder.path, 'renders'), '--dry-run', '--json')
    const { summary, items, count } = ended.json()
    expect(count).toBe(5)
    expect(items).toHaveLength(5)
    expect(summary).toMatchObject({ sources: 5, nothing_found: 1, failed: 1, read: 3 })
    const models = (summary as { models: JsonObject[] }).models
    expect(models.find(({ name }) => String(name).startsWith('harborMix_v2'))).toMatchObject({
      type: 'checkpoint',
      sources: 3,
    })
    expect(ended.exitCode).toBe(10)

    const told = await run('import', join(folder.path, 'renders'), '--dry-run')
    expect(told.stdout).toContain('5 files: 3 with a prompt')
    expect(told.stdout).toContain('cut.png')
    expect(told.stderr).not.toContain('plain.png')
  })
  test('without any prompt ends as a file without one', async () => {
    file('renders/plain.png', createPng())
    expect(await run('import', join(folder.path, 'renders'), '--dry-run')).toMatchObject({ exitCode: 4 })
  })
})

describe('Ctrl-C while a folder is imported cancels what was begun', () => {
  const COUNT = 150
  const countOf = async (status: string): Promise<number> =>
    Number((await run('list-import-jobs', '--status', status, '--limit', '1', '--json')).json().count)

  /** Each needs a model with a hash, of whose name there is a file that takes minutes to hash. */
  function begin() {
    data = join(folder.path, 'data')
    aBoundlessModelFile(join(folder.path, 'models'), 'loras/ink.safetensors')
    for (let at = 0; at < COUNT; at += 1) {
      const text = `${INFOTEXT}, Lora hashes: "ink: ${String(at).padStart(12, 'a')}"`
      file(`renders/${at}.png`, createPng({ before: [tEXt('parameters', text)] }))
    }
    const env = { AIRKEEP_DATA: data, AIRKEEP_LOG: 'debug', AIRKEEP_MODELS: join(folder.path, 'models') }
    return Bun.spawn(executable.command(['import', join(folder.path, 'renders')]), {
      env: executable.env(env),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    })
  }

  test('in the process of its own', async () => {
    const child = begin()
    let stderr = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stderr) {
      const isBegun = stderr.includes('A job begins')
      stderr += decoder.decode(chunk, { stream: true })
      // All are there before the first of them begins.
      if (!isBegun && stderr.includes('A job begins')) child.kill('SIGINT')
    }
    expect(await child.exited).toBe(9)
    expect(stderr).toContain(`${COUNT} imports cancelled\n`)
    expect(await countOf('cancelled')).toBe(COUNT)
  })

  test('at a server', async () => {
    const models = join(folder.path, 'models')
    mkdirSync(models)
    const server = await executable.serve(['--models', models], {
      data: join(folder.path, 'data'),
      env: { AIRKEEP_AUTO_SCAN: 'false' },
    })
    try {
      const { invoke } = overHttp(server.url)
      const child = begin()
      while (Number((await invoke('list_import_jobs', { limit: 1 })).count) < COUNT) await Bun.sleep(5)
      child.kill('SIGINT')
      expect(await new Response(child.stderr).text()).toEndWith(`${COUNT} imports cancelled\n`)
      expect(await child.exited).toBe(9)
      expect(await countOf('cancelled')).toBe(COUNT)
    } finally {
      await server.stop()
    }
  })
})

test('text from stdin and names of models themselves', async () => {
  data = join(folder.path, 'data')
  const piped = await executable.run(['import', '-', '--dry-run', '--json'], { data, stdin: INFOTEXT })
  expect(piped.json()).toMatchObject({ format: 'a1111', generation: { steps: 20, width: 8 } })
  const named = await run('import', 'urn:air:sdxl:lora:civitai:12@34', '--dry-run', '--json')
  expect(named.json().dependencies).toMatchObject([{ type: 'lora', civitai: { model_id: 12, version_id: 34 } }])
})

test('media that are recorded keep their prompt and models, and posts are found by a model', async () => {
  const models = join(folder.path, 'models')
  const lora = aModelFile(models, 'loras/ink.safetensors', 5)
  const picture = file('out.png', createPng({ before: [tEXt('prompt', GRAPH)] }))
  const server = await executable.serve(['--models', models], { data: join(folder.path, 'data') })
  try {
    const { invoke } = overHttp(server.url)
    for (let status = ''; status !== 'completed'; ) {
      const { items } = await invoke('list_model_jobs', {})
      status = String((items as JsonObject[])[0]?.status)
      await Bun.sleep(20) // the scan at the start belongs to the server: nothing tells when it begins
    }
    const asset = await invoke('create_asset', { asset_url: picture, asset_type: 'image', asset_source: 'generated' })
    expect(asset.models).toMatchObject([
      { type: 'checkpoint', name: 'harborMix_v2' },
      { type: 'lora', name: 'ink', weight: 0.5, sha256: lora.sha256 },
    ])
    expect(await invoke('get_prompt', { prompt_id: String(asset.input_prompt_id) })).toMatchObject({
      prompt_text: 'a pier',
      metadata: { seed: 3, steps: 9, software: 'ComfyUI' },
    })
    const post = await invoke('create_civitai_post', { civitai_id: '77', civitai_url: 'https://civitai.com/posts/77' })
    await invoke('update_asset', { asset_id: String(asset.asset_id), post_id: String(post.post_id) })
    const used = await invoke('list_civitai_posts', { uses: lora.sha256, include_details: true })
    expect(used.posts).toMatchObject([{ civitai_id: '77', assets: [{ models: [{}, { name: 'ink' }] }] }])
    expect(await invoke('find_asset', { uses: lora.sha256 })).toMatchObject({ asset: { post_id: post.post_id } })
  } finally {
    await server.stop()
  }
})

test('what the pages show is read by the copy that stands alone', async () => {
  cpSync(join(fixtures, 'pictures/harbor.png'), join(folder.path, 'harbor.png'))
  const ended = await run('import', join(folder.path, 'harbor.png'), '--dry-run', '--json')
  expect(ended.json()).toMatchObject({ format: 'a1111', container: 'png', media: 'image' })
  expect(ended.exitCode).toBe(0)
})
