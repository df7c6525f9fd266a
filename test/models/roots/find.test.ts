import { describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { rejection } from '../../support/rejection.ts'
import { type Tree, testHost } from './host.ts'

const COMFY: Tree = { 'ComfyUI/folder_paths.py': '', 'ComfyUI/models/loras/': '' }
const A1111: Tree = { 'webui/webui.py': '', 'webui/models/Lora/': '', 'webui/embeddings/': '' }

describe('folders that the user named', () => {
  const CASES: readonly (readonly [named: string, tree: Tree, roots: readonly string[]])[] = [
    ['any', { 'any/x': '' }, ['-:folder:any']],
    ['ComfyUI', COMFY, ['-:comfyui:ComfyUI/models']],
    ['ComfyUI/models', COMFY, ['-:comfyui:ComfyUI/models']],
    ['ComfyUI/models/loras', COMFY, ['lora:folder:ComfyUI/models/loras']],
    [
      'ComfyUI/models/loras/style',
      { ...COMFY, 'ComfyUI/models/loras/style/': '' },
      ['lora:folder:ComfyUI/models/loras/style'],
    ],
    ['webui', A1111, ['embedding:a1111:webui/embeddings', '-:a1111:webui/models']],
    ['webui/models', A1111, ['-:a1111:webui/models']],
    ['cache', { 'cache/models--a--b/snapshots/': '' }, ['-:huggingface:cache']],
    ['sm', { 'sm/StableDiffusion/': '', 'sm/Lora/': '' }, ['-:stabilitymatrix:sm']],
    ['swarm', { 'swarm/Stable-Diffusion/': '', 'swarm/Lora/': '' }, ['-:swarmui:swarm']],
    ['fooocus', { 'fooocus/checkpoints/': '', 'fooocus/prompt_expansion/': '' }, ['-:fooocus:fooocus']],
    ['invoke', { 'invoke/sdxl/': '', 'invoke/any/': '' }, ['-:invokeai:invoke']],
    // Folders of a UI in it make it no home: what lies beside them is wanted too.
    ['data', { 'data/models/checkpoints/': '', 'data/models/vae/': '', 'data/more/': '' }, ['-:folder:data']],
    ['not/there', {}, ['-:folder:not/there']],
  ]
  test.each(CASES)('%s', async (named, tree, expected) => {
    using host = testHost(tree)
    expect(await host.roots({ models: [join(host.path, named)] })).toEqual(expected)
  })

  test('are all there is, whatever else could be found', async () => {
    using host = testHost({ ...COMFY, ...A1111, 'm/': '', 'home/.cache/huggingface/hub/': '' })
    const found = await host.find(
      { models: [join(host.path, 'm')], ui_home: join(host.path, 'ComfyUI'), comfy_url: 'http://127.0.0.1:8188' },
      { usualHomes: [join(host.path, 'webui')] },
    )
    expect(found.roots).toEqual([{ path: join(host.path, 'm'), type: undefined, layout: 'folder' }])
    expect(found.uiHomes).toEqual([{ path: join(host.path, 'ComfyUI'), layout: 'comfyui' }])
  })

  test('stay where they are missing, and that is told', async () => {
    using host = testHost()
    const { roots, notes } = await host.find({ models: [join(host.path, 'volume')] })
    expect(roots).toEqual([{ path: join(host.path, 'volume'), type: undefined, layout: 'folder' }])
    expect(notes).toEqual([`${join(host.path, 'volume')} is not there now; it is searched as soon as it is.`])
  })

  test('that cannot be a path are told of and left out', async () => {
    using host = testHost()
    const { roots, notes } = await host.find({ models: [`${host.path}/a\0b`] })
    expect(roots).toEqual([])
    expect(notes[0]).toBe(`${host.path}/a\\u0000b is no path; it is not used.`)
  })
})

describe('the home of the UI', () => {
  test('is found in the usual places, all of them', async () => {
    using host = testHost({ ...COMFY, ...A1111 })
    const usualHomes = ['ComfyUI', 'gone', 'webui'].map((name) => join(host.path, name))
    const { roots, uiHomes } = await host.find({}, { usualHomes })
    expect(roots.map(({ path }) => path.slice(host.path.length + 1))).toEqual([
      'webui/embeddings',
      'ComfyUI/models',
      'webui/models',
    ])
    expect(uiHomes.map(({ layout }) => layout)).toEqual(['comfyui', 'a1111'])
  })

  test.each([
    ['PATH=/bin\nUI_HOME="@/ComfyUI"\n', true],
    ["export UI_HOME='@/ComfyUI'", true],
    ['UI_HOME=/elsewhere\r\nUI_HOME=@/ComfyUI\r\n', true],
    ['UI_HOME=ComfyUI', false],
    ['#UI_HOME=@/ComfyUI', false],
    ['MY_UI_HOME=@/ComfyUI', false],
    ['UI_HOME=', false],
  ])('is named by the environment file: %j', async (content, is) => {
    using host = testHost(COMFY)
    await Bun.write(join(host.path, 'environment'), content.replaceAll('@', host.path))
    const { uiHomes } = await host.find()
    expect(uiHomes).toEqual(is ? [{ path: join(host.path, 'ComfyUI'), layout: 'comfyui' }] : [])
  })

  test('may be named by its folder of models', async () => {
    using host = testHost({ 'c/models/checkpoints/': '', 'c/models/loras/': '' })
    const { roots, uiHomes } = await host.find({ ui_home: join(host.path, 'c/models') })
    expect(uiHomes).toEqual([{ path: join(host.path, 'c'), layout: 'comfyui' }])
    expect(roots).toEqual([{ path: join(host.path, 'c/models'), type: undefined, layout: 'comfyui' }])
  })

  test.each([
    ['ComfyUI', '-:comfyui:ComfyUI/models'],
    ['stable-diffusion-webui-forge', '-:a1111:stable-diffusion-webui-forge/models'],
    ['SwarmUI', '-:swarmui:SwarmUI/Models'],
    ['ui', '-:folder:ui/models'],
  ])('that is not mounted yet keeps its root: %s', async (name, root) => {
    using host = testHost()
    expect(await host.roots({ ui_home: join(host.path, name) })).toEqual([root])
  })

  test('that is empty keeps its root: a mount point is there before the volume', async () => {
    using host = testHost({ 'ui/': '' })
    expect(await host.roots({ ui_home: join(host.path, 'ui') })).toEqual(['-:folder:ui/models'])
  })

  test.each(['models', 'ui_home', 'comfy_url'])(
    'whose models are on a volume that is not mounted keeps its root: %s',
    async (by) => {
      using host = testHost({ 'ui/folder_paths.py': '', 'ui/extra_model_paths.yaml': 'a:\n  vae: v\n', 'ui/v/': '' })
      symlinkSync(join(host.path, 'volume'), join(host.path, 'ui/models'))
      const home = join(host.path, 'ui')
      const settings =
        by === 'models' ? { models: [home] } : { ui_home: home, comfy_url: by === 'comfy_url' ? 'http://h' : '' }
      const answer = [{ name: 'vae', folders: [join(home, 'v')] }]
      const { roots } = await host.find(settings, { fetchComfyFolders: async () => answer })
      expect(roots.map(({ path }) => path)).toEqual([join(home, 'v'), join(home, 'models')])
    },
  )

  test('of StabilityMatrix is the library that it was told of', async () => {
    using host = testHost({ 'library/Models/Lora/': '', 'library/Packages/': '' })
    await Bun.write(
      join(host.path, 'home/.config/StabilityMatrix/library.json'),
      JSON.stringify({ LibraryPath: join(host.path, 'library') }),
    )
    expect(await host.roots()).toEqual(['-:stabilitymatrix:library/Models'])
  })

  test('is nowhere: that is told', async () => {
    using host = testHost()
    expect(await host.find()).toEqual({
      roots: [],
      uiHomes: [],
      notes: ['No model folders were found: name them with --models, or the UI with UI_HOME.'],
    })
  })
})

describe('the cache of Hugging Face', () => {
  const TREE: Tree = { 'home/.cache/huggingface/hub/': '', 'xdg/huggingface/hub/': '', 'hf/hub/': '', 'hub/': '' }
  test.each([
    [{}, 'home/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '@/xdg' }, 'xdg/huggingface/hub'],
    [{ HF_HOME: '@/hf', XDG_CACHE_HOME: '@/xdg' }, 'hf/hub'],
    [{ HF_HUB_CACHE: '@/hub', HF_HOME: '@/hf' }, 'hub'],
    [{ HUGGINGFACE_HUB_CACHE: '@/hub' }, 'hub'],
    [{ HF_HOME: '' }, 'home/.cache/huggingface/hub'],
    [{ HF_HOME: '/nowhere' }, undefined],
  ])('%j', async (env, expected) => {
    using host = testHost(TREE)
    const given = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace('@', host.path)]))
    expect(await host.roots({}, { env: given })).toEqual(expected === undefined ? [] : [`-:huggingface:${expected}`])
  })
})

describe('a running ComfyUI', () => {
  const settings = (host: { path: string }) => ({
    comfy_url: 'http://127.0.0.1:8188/',
    ui_home: join(host.path, 'ComfyUI'),
  })

  test('is asked first, and its files are not read then', async () => {
    using host = testHost({
      ...COMFY,
      'ComfyUI/extra_model_paths.yaml': 'a:\n  vae: ../stale\n',
      'stale/': '',
      'extra/': '',
      'node/': '',
    })
    const asked: string[] = []
    const answer = [
      { name: 'loras', folders: [join(host.path, 'ComfyUI/models/loras'), join(host.path, 'extra')] },
      { name: 'a_node', folders: [join(host.path, 'node')], extensions: ['.x'] },
      { name: 'vae', folders: [join(host.path, 'not-on-this-machine')] },
    ]
    const roots = await host.roots(settings(host), {
      async fetchComfyFolders(url) {
        asked.push(url)
        return answer
      },
    })
    expect(asked).toEqual(['http://127.0.0.1:8188/experiment/models'])
    expect(roots).toEqual(['lora:comfyui:extra', '-:comfyui:node', '-:comfyui:ComfyUI/models'])
  })

  test('that does not answer is told of, and its files are read', async () => {
    using host = testHost({ ...COMFY, 'ComfyUI/extra_model_paths.yaml': 'a:\n  vae: ../v\n', 'v/': '' })
    const { roots, notes } = await host.find(settings(host))
    expect(roots.map(({ type }) => type)).toEqual(['vae', undefined])
    expect(notes).toContain(
      'ComfyUI at http://127.0.0.1:8188/experiment/models did not answer; its files are read instead.',
    )
  })
})

describe('configurations that lead astray', () => {
  const BAD: readonly (readonly [name: string, tree: Tree, note: RegExp])[] = [
    [
      'YAML that is none',
      { 'ComfyUI/extra_model_paths.yaml': 'a: [b\n: :' },
      /extra_model_paths\.yaml is not valid YAML/,
    ],
    ['a folder as file', { 'ComfyUI/extra_model_paths.yaml/x': '' }, /is not a regular file; its folders are not used/],
    [
      'the root folder',
      { 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: /\n' },
      /^\/, from .* is no folder of models/,
    ],
    [
      'what is no disk',
      { 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: /proc/1\n' },
      /\/proc\/1, from .* is no folder/,
    ],
    ['NUL', { 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: "x\\0y"\n' }, /x\\u0000y, from .* is no path/],
    [
      'a missing folder',
      { 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: ../../nope\n' },
      /nope, from .* does not exist/,
    ],
    ['a config that is too large', { 'ComfyUI/extra_model_paths.yaml': '#'.repeat(2 ** 20 + 1) }, /larger than 1 MiB/],
  ]
  test.each(BAD)('%s', async (_, tree, note) => {
    using host = testHost({ ...COMFY, ...tree })
    const { roots, notes } = await host.find({ ui_home: join(host.path, 'ComfyUI') })
    expect(roots).toEqual([{ path: join(host.path, 'ComfyUI/models'), type: undefined, layout: 'comfyui' }])
    expect(notes.some((text) => note.test(text))).toBe(true)
  })

  test('a link to the root folder is not followed', async () => {
    using host = testHost({ ...COMFY, 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: all\n' })
    symlinkSync('/', join(host.path, 'ComfyUI/all'))
    const { roots, notes } = await host.find({ ui_home: join(host.path, 'ComfyUI') })
    expect(roots).toHaveLength(1)
    expect(notes.some((text) => text.includes('leads to /, which is no folder of models'))).toBe(true)
  })

  test('a link to a folder elsewhere is a root like others', async () => {
    using host = testHost({ ...COMFY, 'ComfyUI/extra_model_paths.yaml': 'a:\n  loras: all\n', 'far/': '' })
    symlinkSync(join(host.path, 'far'), join(host.path, 'ComfyUI/all'))
    expect(await host.roots({ ui_home: join(host.path, 'ComfyUI') })).toEqual([
      'lora:comfyui:ComfyUI/all',
      '-:comfyui:ComfyUI/models',
    ])
  })

  const FILES: readonly (readonly [path: string, tree: Tree, root: string, note: RegExp])[] = [
    [
      'ui/webui-user.sh/x',
      { 'ui/webui.py': '', 'ui/models/': '' },
      '-:a1111:ui/models',
      /its COMMANDLINE_ARGS are not used/,
    ],
    ['ui/Data/Settings.fds/x', { 'ui/Models/': '' }, '-:swarmui:ui/Models', /SwarmUI's usual folders are taken/],
    ['ui/config.txt', { 'ui/entry_with_update.py': '', 'ui/models/': '' }, '-:fooocus:ui/models', /is no JSON object/],
    ['ui/config.txt/x', { 'ui/entry_with_update.py': '', 'ui/models/': '' }, '-:fooocus:ui/models', /Cannot read/],
    ['ui/invokeai.yaml', { 'ui/models/': '' }, '-:invokeai:ui/models', /InvokeAI's usual folders are taken/],
    ['ui/settings.json', { 'ui/Models/': '', 'ui/Packages/': '' }, '-:stabilitymatrix:ui/Models', /is no JSON object/],
  ]
  test.each(FILES)('%s that is not what it should be', async (path, tree, root, note) => {
    using host = testHost({ ...tree, [path]: '[broken' })
    const { notes } = await host.find({ ui_home: join(host.path, 'ui') })
    expect(notes.some((text) => note.test(text))).toBe(true)
    expect(await host.roots({ ui_home: join(host.path, 'ui') })).toEqual([root])
  })

  test('a FIFO is not waited for', async () => {
    using host = testHost(COMFY)
    execFileSync('mkfifo', [join(host.path, 'ComfyUI/extra_model_paths.yaml')])
    const { notes } = await host.find({ ui_home: join(host.path, 'ComfyUI') })
    expect(notes.some((text) => text.includes('it is not a regular file'))).toBe(true)
  })

  test('a thousand faults are not a thousand notes', async () => {
    const lines = Array.from({ length: 1000 }, (_, at) => `  k${at}: ${at}`)
    using host = testHost({ ...COMFY, 'ComfyUI/extra_model_paths.yaml': `a:\n${lines.join('\n')}\n` })
    const { notes } = await host.find({ ui_home: join(host.path, 'ComfyUI') })
    expect(notes).toHaveLength(200)
  })
})

test('a search that was cancelled stops', async () => {
  using host = testHost(COMFY)
  const reason = new Error('cancelled')
  expect(await rejection(host.find({}, { signal: AbortSignal.abort(reason) }))).toBe(reason)
})
