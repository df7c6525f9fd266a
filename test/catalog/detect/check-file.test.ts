import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { FileCheck } from '../../../src/catalog/detect/page-check.ts'
import type { ExpectedFile } from '../../../src/catalog/expected-file.ts'
import { checkFile, civitdlFile, expectedFile, HOME, type ListingChanges } from '../../support/catalog-detect.ts'

const DIGEST = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const ids = { model_id: 900100, version_id: 2255476 }
const CIVITDL = 'harbor-mid_900100-vid_2255476.safetensors'
const wget = expectedFile()
const civitdl = civitdlFile(ids)
const hashed = expectedFile({ sha256: DIGEST })

interface Case {
  readonly name: string
  readonly file?: ExpectedFile
  readonly host: ListingChanges
  readonly check: Partial<FileCheck> & { readonly status: FileCheck['status'] }
}

const named = (path: string): string => `${HOME}/${path}`

const cases: readonly Case[] = [
  {
    name: 'present under its name',
    host: { files: { 'models/VAE/harbor.safetensors': 9 } },
    check: { status: 'present', path: named('models/VAE/harbor.safetensors'), matched_by: 'name', size_bytes: 9 },
  },
  {
    name: 'present under another name that the program may give it',
    file: expectedFile({ names: ['harbor.safetensors?download=true', 'harbor.safetensors'] }),
    host: { files: { 'models/VAE/harbor.safetensors?download=true': 9 } },
    check: { status: 'present', path: named('models/VAE/harbor.safetensors?download=true') },
  },
  {
    name: 'present with the size that the page gives, near enough',
    file: expectedFile({ claimed_size_bytes: 1_000_000 }),
    host: { files: { 'models/VAE/harbor.safetensors': 1_048_576 } },
    check: { status: 'present', matched_by: 'name_and_size' },
  },
  {
    name: 'present with another size than the page gives: that is a claim',
    file: expectedFile({ claimed_size_bytes: 6_000_000 }),
    host: { files: { 'models/VAE/harbor.safetensors': 1_000 } },
    check: { status: 'present', matched_by: 'name' },
  },
  {
    name: 'present by the token of civitdl, in the folder that civitdl makes for its model',
    file: civitdl,
    host: { files: { [`models/Lora/Harbor/${CIVITDL}`]: 9 } },
    check: { status: 'present', path: named(`models/Lora/Harbor/${CIVITDL}`), matched_by: 'civitdl_version' },
  },
  {
    name: 'present by the token, four folders down where a sorter puts it',
    file: civitdl,
    host: { files: { [`models/Lora/SDXL 1.0/others/style/Harbor/${CIVITDL}`]: 9 } },
    check: { status: 'present', matched_by: 'civitdl_version' },
  },
  {
    name: "present by the token as the catalog's rules write it, with any extension of models",
    file: civitdl,
    host: { files: { 'models/Lora/harbor_900100-vid_2255476.gguf': 9 } },
    check: { status: 'present', matched_by: 'civitdl_version' },
  },
  {
    name: 'present by the model alone where the page names no version',
    file: civitdlFile({ model_id: 900100 }),
    host: { files: { [`models/Lora/Harbor/${CIVITDL}`]: 9 } },
    check: { status: 'present', matched_by: 'civitdl_model' },
  },
  {
    name: 'present by the version that wget fetched, whatever its name',
    file: expectedFile({
      source: { kind: 'civitai', version_id: 2255476 },
      names: ['named.safetensors'],
      folder: 'models/Lora',
    }),
    host: { files: { [`models/Lora/${CIVITDL}`]: 9 } },
    check: { status: 'present', matched_by: 'civitdl_version' },
  },
  {
    name: 'missing: the digits are within others',
    file: civitdl,
    host: {
      files: { 'models/Lora/x-mid_900100-vid_12255476.safetensors': 9, 'models/Lora/x-vid_22554760.safetensors': 9 },
    },
    check: { status: 'missing' },
  },
  {
    name: 'missing: the version is of another model',
    file: civitdl,
    host: { files: { 'models/Lora/x-mid_7-vid_2255476.safetensors': 9 } },
    check: { status: 'missing' },
  },
  {
    name: 'missing: previews, sidecars and what civitdl knows of it are no models',
    file: civitdl,
    host: {
      files: {
        'models/Lora/Harbor/harbor-mid_900100-vid_2255476.preview.png': 9,
        'models/Lora/Harbor/harbor-mid_900100-vid_2255476.safetensors.json': 9,
        'models/Lora/Harbor/harbor-mid_900100-vid_2255476.csv': 9,
        'models/Lora/Harbor/extra_data-vid_2255476/model_dict-mid_900100-vid_2255476.json': 9,
        'models/Lora/Harbor/extra_data-vid_2255476/1.jpeg': 9,
      },
    },
    check: { status: 'missing' },
  },
  {
    name: 'missing: nothing is there',
    host: {},
    check: { status: 'missing' },
  },
  {
    name: 'missing: only the folder is not there',
    host: { folders: [{ path: HOME, state: 'listed' }, ...missingFolders('models', 'Models')] },
    check: { status: 'missing' },
  },
  {
    name: 'missing: a name that begins or ends as it does',
    host: { files: { 'models/VAE/old-harbor.safetensors': 9, 'models/VAE/harbor.safetensors.json': 9 } },
    check: { status: 'missing' },
  },
  {
    name: 'missing: a folder of another kind holds a file of that name',
    host: { files: { 'models/Lora/harbor.safetensors': 9 } },
    check: { status: 'missing' },
  },
  {
    name: 'missing: elsewhere is a file of the name that half of all repositories use',
    file: expectedFile({ names: ['diffusion_pytorch_model.safetensors'] }),
    host: { files: { 'models/vae/other/diffusion_pytorch_model.safetensors': 9 } },
    check: { status: 'missing' },
  },
  {
    name: 'missing: elsewhere a file of that name has another hash',
    file: hashed,
    host: { files: { 'models/vae/harbor.safetensors': 9 }, digests: { 'models/vae/harbor.safetensors': OTHER } },
    check: { status: 'missing' },
  },
  {
    name: 'verified: its hash is the expected one',
    file: hashed,
    host: { files: { 'models/VAE/harbor.safetensors': 9 }, digests: { 'models/VAE/harbor.safetensors': DIGEST } },
    check: { status: 'verified', matched_by: 'sha256', sha256: DIGEST },
  },
  {
    name: 'verified: renamed, where it belongs',
    file: hashed,
    host: { files: { 'models/VAE/x.safetensors': 9 }, digests: { 'models/VAE/x.safetensors': DIGEST } },
    check: { status: 'verified', path: named('models/VAE/x.safetensors'), matched_by: 'sha256' },
  },
  {
    name: 'verified: of copies the one that is called so',
    file: hashed,
    host: {
      files: { 'models/VAE/a.pt': 9, 'models/VAE/harbor.safetensors': 9 },
      digests: { 'models/VAE/a.pt': DIGEST, 'models/VAE/harbor.safetensors': DIGEST },
    },
    check: { status: 'verified', path: named('models/VAE/harbor.safetensors') },
  },
  {
    name: 'verified: what is whole is whole, whatever mark was left beside it',
    file: hashed,
    host: {
      files: { 'models/VAE/harbor.safetensors': 9, 'models/VAE/harbor.safetensors.aria2': 9 },
      digests: { 'models/VAE/harbor.safetensors': DIGEST },
    },
    check: { status: 'verified' },
  },
  {
    name: 'present: its hash is not known',
    file: hashed,
    host: { files: { 'models/VAE/harbor.safetensors': 9 } },
    check: { status: 'present', matched_by: 'name' },
  },
  {
    name: 'elsewhere: the hash outweighs a name',
    file: hashed,
    host: {
      files: { 'models/VAE/harbor.safetensors': 9, 'models/Lora/x.safetensors': 9 },
      digests: { 'models/VAE/harbor.safetensors': OTHER, 'models/Lora/x.safetensors': DIGEST },
    },
    check: { status: 'elsewhere', path: named('models/Lora/x.safetensors'), matched_by: 'sha256' },
  },
  {
    name: 'elsewhere: the name that ComfyUI gives the folder',
    host: { files: { 'models/vae/harbor.safetensors': 9 } },
    check: { status: 'elsewhere', path: named('models/vae/harbor.safetensors'), matched_by: 'name' },
  },
  {
    name: 'elsewhere: the name that A1111 gives the folder, below it',
    file: expectedFile({ folder: 'models/upscale_models', names: ['four.pth'] }),
    host: { files: { 'models/ESRGAN/sharp/four.pth': 9 } },
    check: { status: 'elsewhere', path: named('models/ESRGAN/sharp/four.pth') },
  },
  {
    name: 'elsewhere: embeddings at the home of the UI',
    file: civitdlFile(ids, { folder: 'models/embeddings' }),
    host: { files: { [`embeddings/${CIVITDL}`]: 9 } },
    check: { status: 'elsewhere', path: named(`embeddings/${CIVITDL}`) },
  },
  {
    name: 'elsewhere: embeddings among the models',
    file: expectedFile({ folder: 'embeddings', names: ['bad-hands.pt'] }),
    host: { files: { 'models/embeddings/bad-hands.pt': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: 'elsewhere: what Forge keeps in one folder ComfyUI keeps in two',
    file: expectedFile({ folder: 'models/Stable-diffusion', names: ['flux.safetensors'] }),
    host: { files: { 'models/diffusion_models/flux.safetensors': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: 'elsewhere: by the token, in a folder of another kind',
    file: civitdl,
    host: { files: { [`models/Stable-diffusion/${CIVITDL}`]: 9 } },
    check: { status: 'elsewhere', matched_by: 'civitdl_version' },
  },
  {
    name: 'elsewhere: the page names the folder of a UI that is not here',
    file: civitdlFile(ids, { absolute_folder: '/workspace/ComfyUI/models/loras' }),
    host: { files: { [`models/Lora/${CIVITDL}`]: 9 } },
    check: { status: 'elsewhere', path: named(`models/Lora/${CIVITDL}`) },
  },
  {
    name: 'elsewhere: in the cache of Hugging Face, whatever its name',
    file: expectedFile({
      source: { kind: 'huggingface', repo: 'acme/harbor', revision: 'main', path: 'vae/model.safetensors' },
      names: ['model.safetensors'],
    }),
    host: { files: { '/home/me/.cache/huggingface/hub/models--acme--harbor/snapshots/1/vae/model.safetensors': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: 'present: the folder is at the home of the user',
    file: civitdlFile(ids, { absolute_folder: '~/models/Lora' }),
    host: { files: { [`/home/me/models/Lora/${CIVITDL}`]: 9 } },
    check: { status: 'present' },
  },
  {
    name: 'present: found by its name alone where the command says no folder',
    file: expectedFile({ nowhere: true }),
    host: { files: { 'models/vae/harbor.safetensors': 9 } },
    check: { status: 'present' },
  },
  {
    name: 'present: a half download of it lies in another folder',
    host: { files: { 'models/VAE/harbor.safetensors': 9, 'models/vae/harbor.safetensors.part': 3 } },
    check: { status: 'present' },
  },
  {
    name: 'elsewhere: what is whole outweighs a half download where it belongs',
    host: { files: { 'models/VAE/harbor.safetensors.part': 3, 'models/vae/harbor.safetensors': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: "partial: aria2's control file is beside it, its size may be the final one",
    host: { files: { 'models/VAE/harbor.safetensors': 9, 'models/VAE/harbor.safetensors.aria2': 1 } },
    check: { status: 'partial', path: named('models/VAE/harbor.safetensors'), size_bytes: 9 },
  },
  {
    name: 'partial: a half download under another name is beside it',
    host: { files: { 'models/VAE/harbor.safetensors': 9, 'models/VAE/harbor.safetensors.part': 1 } },
    check: { status: 'partial' },
  },
  ...['.part', '.crdownload', '.download', '.incomplete', '.tmp', '.partial', '.PART', '.aria2', '.!qB'].map(
    (mark): Case => ({
      name: `partial: ${mark} alone`,
      host: { files: { [`models/VAE/harbor.safetensors${mark}`]: 5 } },
      check: { status: 'partial', path: named(`models/VAE/harbor.safetensors${mark}`), size_bytes: 5 },
    }),
  ),
  {
    name: 'partial: a mark without the extension that the model will have',
    host: { files: { 'models/VAE/harbor.download.tmp': 5 } },
    check: { status: 'partial' },
  },
  {
    name: 'partial: civitdl has not moved it out of its folder yet',
    file: civitdl,
    host: { files: { [`models/Lora/Harbor/.tmp/${CIVITDL}`]: 5 } },
    check: { status: 'partial', matched_by: 'civitdl_version' },
  },
  {
    name: 'partial: the token, with a mark',
    file: civitdl,
    host: { files: { [`models/Lora/${CIVITDL}.part`]: 5 } },
    check: { status: 'partial' },
  },
  {
    name: 'partial: hf keeps it beside the folder under a digest of its name',
    host: {
      files: {
        [`models/VAE/.cache/huggingface/download/${hubKey('harbor.safetensors')}.${DIGEST}.incomplete`]: 5,
      },
    },
    check: { status: 'partial' },
  },
  {
    name: 'partial: hf as it was',
    host: { files: { [`models/VAE/.cache/huggingface/download/harbor.safetensors.${DIGEST}.incomplete`]: 5 } },
    check: { status: 'partial' },
  },
  {
    name: 'corrupt: it is empty',
    host: { files: { 'models/VAE/harbor.safetensors': 0 } },
    check: { status: 'corrupt', path: named('models/VAE/harbor.safetensors'), reason: 'It is empty' },
  },
  {
    name: 'corrupt: its hash is another',
    file: hashed,
    host: { files: { 'models/VAE/harbor.safetensors': 9 }, digests: { 'models/VAE/harbor.safetensors': OTHER } },
    check: { status: 'corrupt', sha256: OTHER },
  },
  {
    name: 'unknown: the folder could not be read',
    host: { folders: [{ path: `${HOME}/models/VAE`, state: 'unreadable', problem: 'permission denied' }] },
    check: { status: 'unknown', reason: `${HOME}/models/VAE could not be looked at: permission denied` },
  },
  {
    name: 'unknown: something in a folder that is as good could not be read',
    host: {
      folders: [
        ...listedFolders('models', 'Models'),
        { path: `${HOME}/models/vae`, state: 'incomplete', problem: 'x' },
      ],
    },
    check: { status: 'unknown', reason: `${HOME}/models/vae could not be read all through: x` },
  },
  {
    name: 'present, although something in the folder could not be read',
    host: {
      files: { 'models/VAE/harbor.safetensors': 9 },
      folders: [{ path: `${HOME}/models/VAE`, state: 'incomplete', problem: 'x' }],
    },
    check: { status: 'present' },
  },
  {
    name: 'unknown: it may lie in a folder of one that is looked at without its folders',
    file: civitdlFile(ids, { absolute_folder: '/data' }),
    host: {},
    check: { status: 'unknown' },
  },
  {
    name: 'missing: it would lie in that folder itself',
    file: expectedFile({ absolute_folder: '/data' }),
    host: {},
    check: { status: 'missing' },
  },
  {
    name: 'unknown: nobody looked at the folder',
    host: { folders: [] },
    check: { status: 'unknown' },
  },
  {
    name: 'unknown: the folder was refused',
    file: expectedFile({ absolute_folder: '/proc/x' }),
    host: { folders: [], refused: new Map([['/proc/x', 'no files are kept there']]) },
    check: { status: 'unknown', reason: '/proc/x could not be looked at: no files are kept there' },
  },
  {
    name: 'unknown: nothing tells where the UI is',
    host: { uiHome: undefined },
    check: { status: 'unknown' },
  },
  {
    name: 'elsewhere: nothing tells where the UI is, and a folder of that kind has it',
    host: { uiHome: undefined, files: { '/data/vae/harbor.safetensors': 9 } },
    check: { status: 'elsewhere' },
  },
  {
    name: 'unknown: nothing says where it goes nor what it is called',
    file: expectedFile({ source: { kind: 'unknown' }, names: [], expected: 'what the list names' }),
    host: {},
    check: { status: 'unknown' },
  },
  {
    name: 'unknown: nothing says where it goes, and half of all files are called so',
    file: expectedFile({ nowhere: true, names: ['model.safetensors'] }),
    host: { files: { 'models/vae/model.safetensors': 9 } },
    check: { status: 'unknown' },
  },
]

function hubKey(name: string): string {
  return Buffer.from(new Bun.CryptoHasher('sha1').update(`${name}.metadata`).digest())
    .toString('base64url')
    .padEnd(28, '=')
}

function missingFolders(...folders: string[]) {
  return folders.map((folder) => ({ path: `${HOME}/${folder}`, state: 'missing' as const }))
}

function listedFolders(...folders: string[]) {
  return folders.map((folder) => ({ path: `${HOME}/${folder}`, state: 'listed' as const }))
}

describe('a file', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (_, { file = wget, host, check }) => {
    expect(checkFile(file, host)).toMatchObject(check)
  })

  test('is said to be in another folder, and which the page names', () => {
    expect(checkFile(wget, { files: { 'models/vae/harbor.safetensors': 9 } }).reason).toBe(
      'It is in another folder than models/VAE',
    )
  })

  test('is found by its version, and by no other number', () => {
    const version = fc.integer({ min: 1, max: 9_999_999 })
    fc.assert(
      fc.property(version, version, (wanted, other) => {
        const files = { [`models/Lora/x-mid_1-vid_${other}.safetensors`]: 9 }
        const { status } = checkFile(civitdlFile({ model_id: 1, version_id: wanted }), { files })
        expect(status).toBe(wanted === other ? 'present' : 'missing')
      }),
    )
  })

  test('is found by its version, and not by digits within others', () => {
    const digits = fc.stringMatching(/^\d{0,3}$/)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999_999 }), digits, digits, (wanted, before, after) => {
        const number = `${before}${wanted}${after}`
        const files = { [`models/Lora/x-mid_1-vid_${number}.safetensors`]: 9 }
        const { status } = checkFile(civitdlFile({ version_id: wanted }), { files })
        expect(status).toBe(Number(number) === wanted ? 'present' : 'missing')
      }),
    )
  })
})
