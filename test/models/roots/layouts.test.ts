import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type Tree, testHost } from './host.ts'

const COMFY: Tree = { 'ui/folder_paths.py': '', 'ui/models/loras/': '' }
const A1111: Tree = { 'ui/webui.py': '', 'ui/models/Lora/': '', 'ui/embeddings/': '' }
const SWARM: Tree = { 'ui/SwarmUI.sln': '', 'ui/Models/Lora/': '' }

/** What a home holds, and its roots as `<type>:<layout>:<path>`. */
const HOMES: readonly (readonly [name: string, tree: Tree, roots: readonly string[]])[] = [
  ['ComfyUI', COMFY, ['-:comfyui:ui/models']],
  ['ComfyUI by its folders alone', { 'ui/models/checkpoints/': '', 'ui/models/vae/': '' }, ['-:comfyui:ui/models']],
  [
    'ComfyUI with further folders',
    {
      ...COMFY,
      'ui/extra_model_paths.yaml':
        'mine:\n  base_path: ../common\n  loras: |\n    a\n    b\n  my_node: stuff\n  custom_nodes: nodes\n',
      'common/a/': '',
      'common/b/': '',
      'common/stuff/': '',
      'common/nodes/': '',
    },
    ['lora:comfyui:common/a', 'lora:comfyui:common/b', '-:comfyui:ui/models', '-:comfyui:common/stuff'],
  ],
  [
    'a default folder goes before the usual ones',
    {
      ...COMFY,
      'ui/extra_model_paths.yaml': 's:\n  base_path: ../x\n  is_default: true\n  any_node: first\n',
      'x/first/': '',
    },
    ['-:comfyui:x/first', '-:comfyui:ui/models'],
  ],
  ['A1111', A1111, ['embedding:a1111:ui/embeddings', '-:a1111:ui/models']],
  ['A1111 by its folders alone', { 'ui/models/Stable-diffusion/': '' }, ['-:a1111:ui/models']],
  ['Forge', { 'ui/modules_forge/': '', 'ui/models/': '' }, ['-:a1111:ui/models']],
  [
    'A1111 with the ControlNet extension',
    { ...A1111, 'ui/extensions/sd-webui-controlnet/models/': '' },
    ['embedding:a1111:ui/embeddings', 'controlnet:a1111:ui/extensions/sd-webui-controlnet/models', '-:a1111:ui/models'],
  ],
  [
    'A1111 whose script moves folders',
    {
      ...A1111,
      'ui/webui-user.sh': '#export COMMANDLINE_ARGS="--ckpt-dir ../no"\nexport COMMANDLINE_ARGS="--ckpt-dir ../big"\n',
      'big/': '',
      'no/': '',
    },
    ['embedding:a1111:ui/embeddings', 'checkpoint:a1111:big', '-:a1111:ui/models'],
  ],
  ['SwarmUI', SWARM, ['-:swarmui:ui/Models']],
  [
    'SwarmUI with several roots and the ComfyUI that it brings',
    {
      ...SWARM,
      'ui/Data/Settings.fds':
        'Paths:\n\tModelRoot: Models; ../big ;../missing\n\tDownloadToRootID: 1\n\tSDLoraFolder: Lora;my-loras;../style\n\tSDModelFolder: Stable-Diffusion;diffusion_models\n',
      'ui/dlbackend/ComfyUI/models/': '',
      'big/my-loras/': '',
      'big/diffusion_models/': '',
      'style/': '',
    },
    [
      'lora:swarmui:big/my-loras',
      'lora:swarmui:style',
      '-:swarmui:big',
      '-:swarmui:ui/Models',
      '-:comfyui:ui/dlbackend/ComfyUI/models',
    ],
  ],
  [
    'Fooocus',
    { 'ui/fooocus_version.py': '', 'ui/launch.py': '', 'ui/modules/': '', 'ui/models/': '' },
    ['-:fooocus:ui/models'],
  ],
  [
    'Fooocus with paths of its own',
    {
      'ui/entry_with_update.py': '',
      'ui/models/': '',
      'ui/config.txt': JSON.stringify({
        path_checkpoints: ['../ckpts', 'more'],
        path_loras: '../loras',
        path_outputs: '../out',
        path_vae: '../missing',
        path_sam: 7,
        default_model: 'x',
      }),
      'ckpts/': '',
      'ui/more/': '',
      'loras/': '',
      'out/': '',
    },
    ['checkpoint:fooocus:ckpts', 'checkpoint:fooocus:ui/more', 'lora:fooocus:loras', '-:fooocus:ui/models'],
  ],
  [
    'InvokeAI',
    {
      'ui/invokeai.yaml': 'schema_version: 4.0.2\n',
      'ui/models/': '',
      'ui/autoimport/lora/': '',
      'ui/autoimport/main/': '',
    },
    ['checkpoint:invokeai:ui/autoimport/main', 'lora:invokeai:ui/autoimport/lora', '-:invokeai:ui/models'],
  ],
  [
    'InvokeAI of version 3 with its models elsewhere',
    { 'ui/invokeai.yaml': 'InvokeAI:\n  Paths:\n    models_dir: ../m\n', 'ui/models/': '', 'm/': '' },
    ['-:invokeai:m'],
  ],
  [
    'StabilityMatrix, portable, with what it installed',
    {
      'ui/Data/.sm-portable': '',
      'ui/Data/Models/StableDiffusion/': '',
      'ui/Data/Packages/forge/webui.py': '',
      'ui/Data/Packages/forge/models/': '',
      'ui/Data/settings.json': JSON.stringify({
        InstalledPackages: [{ LibraryPath: 'Packages\\comfy' }, { LibraryPath: 3 }],
      }),
      'ui/Data/Packages/comfy/folder_paths.py': '',
      'ui/Data/Packages/comfy/models/': '',
      'ui/Data/Packages/readme.txt': '',
    },
    [
      '-:stabilitymatrix:ui/Data/Models',
      '-:comfyui:ui/Data/Packages/comfy/models',
      '-:a1111:ui/Data/Packages/forge/models',
    ],
  ],
  [
    'a library of StabilityMatrix with its models elsewhere',
    {
      'ui/Models/': '',
      'ui/Packages/': '',
      'ui/settings.json': JSON.stringify({ ModelDirectoryOverride: '../common' }),
      'common/': '',
    },
    ['-:stabilitymatrix:common'],
  ],
  [
    'no UI that is known',
    { 'ui/models/': '', 'ui/embeddings/': '' },
    ['embedding:folder:ui/embeddings', '-:folder:ui/models'],
  ],
]

describe('UI_HOME is a home of', () => {
  test.each(HOMES)('%s', async (_, tree, expected) => {
    using host = testHost(tree)
    expect(await host.roots({ ui_home: join(host.path, 'ui') })).toEqual(expected)
  })
})

describe('flags move folders', () => {
  const CASES: readonly (readonly [name: string, tree: Tree, settings: object, roots: readonly string[]])[] = [
    [
      'of A1111',
      {
        ...A1111,
        'ui/webui-user.sh': 'COMMANDLINE_ARGS="--vae-dir /never"',
        'l/': '',
        'v/': '',
        'e/': '',
        'h/': '',
        'r/': '',
        't/': '',
      },
      {
        a1111_args:
          '--xformers --lora-dir "../l" --vae-dir=../v --embeddings-dir ../e --hypernetwork-dir ../h --esrgan-models-path ../r --text-encoder-dir ../t --port 7860',
      },
      [
        'embedding:a1111:ui/embeddings',
        'lora:a1111:l',
        'vae:a1111:v',
        'text_encoder:a1111:t',
        'embedding:a1111:e',
        'hypernetwork:a1111:h',
        'upscaler:a1111:r',
        '-:a1111:ui/models',
      ],
    ],
    [
      'of A1111: data',
      { ...A1111, 'data/models/': '', 'data/embeddings/': '' },
      { a1111_args: '--data-dir ../data' },
      ['embedding:a1111:data/embeddings', '-:a1111:data/models'],
    ],
    [
      'of A1111: models override data',
      { ...A1111, 'data/embeddings/': '', 'm/': '' },
      { a1111_args: '--data-dir ../data --models-dir ../m' },
      ['embedding:a1111:data/embeddings', '-:a1111:m'],
    ],
    [
      'of Forge: the home of an A1111 and that of a ComfyUI',
      { ...A1111, 'old/models/': '', 'old/embeddings/': '', 'comfy/models/': '' },
      { a1111_args: '--forge-ref-a1111-home ../old --forge-ref-comfy-home ../comfy' },
      [
        'embedding:a1111:ui/embeddings',
        'embedding:a1111:old/embeddings',
        '-:a1111:ui/models',
        '-:a1111:old/models',
        '-:comfyui:comfy/models',
      ],
    ],
    [
      'of ComfyUI: base',
      { ...COMFY, 'base/models/': '', 'ui/extra_model_paths.yaml': 'a:\n  vae: ../v\n', 'v/': '' },
      { comfy_args: '--base-directory ../base --listen' },
      ['vae:comfyui:v', '-:comfyui:base/models'],
    ],
    ['of ComfyUI: models', { ...COMFY, 'm/': '' }, { comfy_args: '--models-directory ../m' }, ['-:comfyui:m']],
    [
      'of ComfyUI: several files',
      {
        ...COMFY,
        'a.yaml': 'a:\n  vae: v\n',
        'b.yaml': 'b:\n  loras: l\n',
        'c.yaml': 'c:\n  clip: c\n',
        'v/': '',
        'l/': '',
        'c/': '',
      },
      { comfy_args: '--extra-model-paths-config ../a.yaml ../b.yaml --extra-model-paths-config ../c.yaml' },
      ['vae:comfyui:v', 'lora:comfyui:l', 'text_encoder:comfyui:c', '-:comfyui:ui/models'],
    ],
  ]
  test.each(CASES)('%s', async (_, tree, settings, expected) => {
    using host = testHost(tree)
    expect(await host.roots({ ui_home: join(host.path, 'ui'), ...settings })).toEqual(expected)
  })
})
