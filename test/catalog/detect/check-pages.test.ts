import { describe, expect, test } from 'bun:test'
import { checkPages, checkPagesInSteps } from '../../../src/catalog/detect/check-pages.ts'
import { foldersToLook } from '../../../src/catalog/detect/folders-to-look.ts'
import { indexListing } from '../../../src/catalog/detect/index-listing.ts'
import type { PageCheck } from '../../../src/catalog/detect/page-check.ts'
import { type PageReport, unreadablePage } from '../../../src/catalog/page-report.ts'
import {
  checkPage,
  civitdlFile,
  expectedFile,
  HOME,
  type ListingChanges,
  reportOf,
  reportOfText,
} from '../../support/catalog-detect.ts'

const high = civitdlFile({ model_id: 1, version_id: 2 }, { role: 'high' })
const low = civitdlFile({ model_id: 1, version_id: 3 }, { role: 'low' })
const pair = reportOf([high, low])
const HIGH = 'models/Lora/Wan/high-mid_1-vid_2.safetensors'
const LOW = 'models/Lora/Wan/low-mid_1-vid_3.safetensors'
const unlookable = expectedFile({ names: [], source: { kind: 'unknown' } })

const cases: readonly [name: string, page: PageReport, host: ListingChanges, check: Partial<PageCheck>][] = [
  [
    'all: both halves are there',
    pair,
    { files: { [HIGH]: 9, [LOW]: 9 } },
    { status: 'all', downloaded: true, path: `${HOME}/${HIGH}` },
  ],
  [
    'all: one half is in a folder that is as good',
    pair,
    { files: { [HIGH]: 9, [LOW.replace('Lora', 'loras')]: 9 } },
    { status: 'all', downloaded: true },
  ],
  [
    'partial: one half of two',
    pair,
    { files: { [LOW]: 9 } },
    { status: 'partial', downloaded: false, path: `${HOME}/${LOW}` },
  ],
  [
    'partial: one half is still being written',
    pair,
    { files: { [HIGH]: 9, [LOW]: 9, [`${LOW}.aria2`]: 1 } },
    { status: 'partial', downloaded: false },
  ],
  [
    'partial: its only file is still being written',
    reportOf([high]),
    { files: { [`${HIGH}.part`]: 9 } },
    { status: 'partial', downloaded: false, path: null },
  ],
  ['partial: one half is empty', pair, { files: { [HIGH]: 9, [LOW]: 0 } }, { status: 'partial', downloaded: false }],
  ['none: nothing is there', pair, {}, { status: 'none', downloaded: false, path: null }],
  ['none: what is there cannot be loaded', reportOf([high]), { files: { [HIGH]: 0 } }, { status: 'none', path: null }],
  [
    'unknown: nobody could look',
    pair,
    { folders: [] },
    {
      status: 'unknown',
      downloaded: false,
      reason: `${HOME}/models/Lora could not be looked at: nobody looked at that folder`,
    },
  ],
  [
    'unknown: one half is there, and of the other nobody knows',
    reportOf([high, expectedFile({ absolute_folder: '/mnt/far' })]),
    { files: { [HIGH]: 9 }, folders: [{ path: '/mnt/far', state: 'unreadable', problem: 'stale file handle' }] },
    { status: 'unknown', downloaded: false, path: `${HOME}/${HIGH}` },
  ],
  [
    'unknown: one of its files cannot be looked for',
    reportOf([high, unlookable]),
    { files: { [HIGH]: 9 } },
    { status: 'unknown', downloaded: false },
  ],
  [
    'partial: whatever the third is, the second is not there',
    reportOf([high, low, unlookable]),
    { files: { [HIGH]: 9 } },
    { status: 'partial' },
  ],
  [
    'unknown: none of its files can be looked for',
    reportOf([unlookable], { checkable: false }),
    {},
    { status: 'unknown', reason: 'The page does not tell a name or a number by which to look for it' },
  ],
  [
    'not applicable: there is no command',
    reportOfText('# Overview\n\nNothing to fetch.\n'),
    {},
    { status: 'not_applicable', downloaded: false, syntax_type: 'NO_DOWNLOAD', files: [] },
  ],
  [
    'invalid: it could not be read',
    unreadablePage('page.md', 'It is no text'),
    {},
    { status: 'invalid', downloaded: false, reason: 'It is no text', syntax_type: 'INVALID' },
  ],
  [
    'invalid, and its files all the same: its commands can be read',
    reportOf([high], { syntax_type: 'INVALID', reason: 'Its front matter is no YAML' }),
    { files: { [HIGH]: 9 } },
    {
      status: 'invalid',
      downloaded: false,
      reason: 'Its front matter is no YAML',
      syntax_type: 'INVALID',
      path: `${HOME}/${HIGH}`,
    },
  ],
  [
    'partial: two files of one name, of which one is there',
    reportOf([
      expectedFile({ folder: 'models/diffusion_models/high', names: ['wan.safetensors'] }),
      expectedFile({ folder: 'models/diffusion_models/low', names: ['wan.safetensors'] }),
    ]),
    { files: { 'models/diffusion_models/low/wan.safetensors': 9 } },
    { status: 'partial', downloaded: false, path: `${HOME}/models/diffusion_models/low/wan.safetensors` },
  ],
  [
    'partial: two files of one name, of which one is there with a key in its name',
    reportOf([
      expectedFile({ folder: 'models/diffusion_models/high', names: ['wan.safetensors'] }),
      expectedFile({ folder: 'models/diffusion_models/low', names: ['wan.safetensors'] }),
    ]),
    { files: { 'models/diffusion_models/low/wan.safetensors?token=0123456789abcdef': 9 } },
    {
      status: 'partial',
      downloaded: false,
      path: `${HOME}/models/diffusion_models/low/wan.safetensors?token=***`,
    },
  ],
  [
    'partial: two files of one name, and one in a third folder',
    reportOf([
      expectedFile({ folder: 'models/diffusion_models/high', names: ['wan.safetensors'] }),
      expectedFile({ folder: 'models/diffusion_models/low', names: ['wan.safetensors'] }),
    ]),
    { files: { 'models/unet/wan.safetensors': 9 } },
    { status: 'partial', downloaded: false },
  ],
]

/** Weaknesses of the first implementation, each with a page as people write it. */
const weaknesses: readonly [name: string, text: string, host: ListingChanges, check: Partial<PageCheck>][] = [
  [
    'an AIR of Hugging Face',
    `---\nAIR: urn:air:flux1:vae:huggingface:acme/harbor@main/ae.safetensors\n---\n\`\`\`bash\nwget -P "$UI_HOME"/models/VAE https://huggingface.co/acme/harbor/resolve/main/ae.safetensors\n\`\`\`\n`,
    { files: { 'models/VAE/ae.safetensors': 9 } },
    { downloaded: true, is_valid: true },
  ],
  [
    'two commands and one half of them',
    `\`\`\`bash\n# High noise\ncivitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora\n# Low noise\ncivitdl "https://civitai.com/models/1?modelVersionId=3" "$UI_HOME"/models/Lora\n\`\`\`\n`,
    { files: { [HIGH]: 9 } },
    { downloaded: false, status: 'partial' },
  ],
  [
    'the path of the second command',
    `\`\`\`bash\nwget -P "$UI_HOME"/models/VAE https://example.com/a.safetensors\nwget -P "$UI_HOME"/models/text_encoders https://example.com/b.safetensors\n\`\`\`\n`,
    { files: { 'models/VAE/a.safetensors': 9, 'models/text_encoders/b.safetensors': 9 } },
    { downloaded: true },
  ],
  [
    'the AIR of another version: the files are those of the commands',
    `---\nAIR: urn:air:sdxl:lora:civitai:1@77\n---\n\`\`\`bash\ncivitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora\n\`\`\`\n`,
    { files: { [HIGH]: 9 } },
    { downloaded: true },
  ],
  [
    'options before -P, and a folder that is only half quoted',
    `\`\`\`bash\nwget --progress=bar:force -P "$UI_HOME"/models/ESRGAN https://example.com/four.pth\n\`\`\`\n`,
    { files: { 'models/ESRGAN/four.pth': 9 } },
    { downloaded: true },
  ],
  [
    'other extensions',
    `\`\`\`bash\nwget -P "$UI_HOME"/models/unet https://example.com/q4.gguf\n\`\`\`\n`,
    { files: { 'models/unet/q4.gguf': 9 } },
    { downloaded: true },
  ],
  [
    'a home that nothing tells is no reason to say that it is not there',
    `\`\`\`bash\nwget -P "$UI_HOME"/models/VAE https://example.com/a.safetensors\n\`\`\`\n`,
    { uiHome: undefined, folders: [] },
    { downloaded: false, status: 'unknown', reason: 'Nothing tells where the home of the UI is on that host' },
  ],
  [
    'a destination that only a shell would know: the file is looked for by its name',
    `\`\`\`bash\nwget -P "$UI_HOME"/$(reboot) https://example.com/a.safetensors\n\`\`\`\n`,
    { files: { 'models/VAE/a.safetensors': 9 } },
    { downloaded: true },
  ],
  [
    'commands of which one is tried after the other are one file',
    `\`\`\`bash\nwget -P "$UI_HOME"/models/VAE https://example.com/a.safetensors || curl -Lo "$UI_HOME"/models/VAE/a.safetensors https://example.com/a.safetensors\n\`\`\`\n`,
    { files: { 'models/VAE/a.safetensors': 9 } },
    { downloaded: true },
  ],
  [
    'ADetailer, in the folder of either UI',
    `\`\`\`bash\nwget -P "$UI_HOME"/models/adetailer https://example.com/face.pt\n\`\`\`\n`,
    { files: { 'models/ultralytics/bbox/face.pt': 9 } },
    { downloaded: true, status: 'all' },
  ],
]

describe('a page', () => {
  test.each(cases)('%s', (_, page, host, check) => {
    expect(checkPage(page, host)).toMatchObject(check)
  })

  test.each(weaknesses)('is not misjudged for %s', (_, text, host, check) => {
    expect(checkPage(reportOfText(text), host)).toMatchObject(check)
  })

  test('keeps the roles of its files', () => {
    expect(checkPage(pair, { files: { [LOW]: 9 } }).files.map(({ role, status }) => [role, status])).toEqual([
      ['high', 'missing'],
      ['low', 'present'],
    ])
  })

  test('has its own notes, and one where a size is not the one that it gives', () => {
    const file = expectedFile({ claimed_size_bytes: 6_000_000 })
    const page = reportOf([file], { notes: ['blob URL'] })
    expect(checkPage(page, { files: { 'models/VAE/harbor.safetensors': 1_000 } }).notes).toEqual([
      'blob URL',
      'harbor.safetensors has 1000 bytes, where the page says 6000000',
    ])
    expect(checkPage(page, { files: { 'models/VAE/harbor.safetensors': 5_900_000 } }).notes).toEqual(['blob URL'])
  })

  test('has a note where a hash could not be compared', () => {
    const page = reportOf([expectedFile({ sha256: 'ab'.repeat(32) })])
    const { notes, status } = checkPage(page, { files: { 'models/VAE/harbor.safetensors': 9 } })
    expect({ notes, status }).toEqual({
      notes: ['the SHA-256 of harbor.safetensors is not known on that host: it is there, and not verified'],
      status: 'all',
    })
  })
})

describe('pages', () => {
  const pages = Array.from({ length: 250 }, (_, at) => reportOf([high], { file_path: `${at}.md` }))
  const index = indexListing({
    uiHome: HOME,
    checkedAt: 1,
    folders: [],
    files: [{ path: `${HOME}/${HIGH}`, sizeBytes: 9 }],
  })
  const { signal } = new AbortController()

  test('are all answered, at once or in steps', async () => {
    const done: number[] = []
    const inSteps = await checkPagesInSteps(pages, index, { signal, onProgress: (count) => done.push(count) })
    expect(inSteps).toEqual(checkPages(pages, index))
    expect(done).toEqual([50, 100, 150, 200, 250])
  })

  test('are left when nobody waits any more', async () => {
    const controller = new AbortController()
    const work = checkPagesInSteps(pages, index, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    expect(await work.catch((error: unknown) => error)).toEqual(new Error('enough'))
  })
})

describe('folders to look at', () => {
  test('are those of the commands, and what other UIs call them', () => {
    const folders = foldersToLook([reportOf([high])])
    expect(folders).toContain('models/Lora')
    expect(folders).toContain('models/loras')
    expect(folders).toContain('Models/Lora')
    expect(folders).not.toContain('models/VAE')
  })

  test('are as the page has them where no UI knows them', () => {
    expect(foldersToLook([reportOf([expectedFile({ absolute_folder: '/data/mine' })])])).toEqual(['/data/mine'])
    expect(foldersToLook([reportOf([expectedFile({ folder: '' })])])).toEqual([''])
  })

  test('are the usual ones where a command says none', () => {
    const file = expectedFile({
      nowhere: true,
      source: { kind: 'huggingface', repo: 'a/b', revision: 'main', path: 'c' },
    })
    const folders = foldersToLook([reportOf([file])])
    for (const folder of ['models/Lora', 'models/checkpoints', 'embeddings', '~/.cache/huggingface/hub']) {
      expect(folders).toContain(folder)
    }
  })

  test('are none for what cannot be looked for', () => {
    expect(foldersToLook([reportOf([unlookable])])).toEqual([])
  })
})

describe('a listing', () => {
  const listing = { uiHome: HOME, checkedAt: 1, files: [] }

  test('tells of a folder within one that was looked through', () => {
    const { stateOf } = indexListing({
      ...listing,
      folders: [
        { path: `${HOME}/models/Lora`, state: 'listed' },
        { path: `${HOME}/models/VAE`, state: 'missing' },
        { path: HOME, state: 'listed' },
      ],
    })
    expect(stateOf(`${HOME}/models/Lora/style`).state).toBe('listed')
    expect(stateOf(`${HOME}/models/VAE/flux`).state).toBe('missing')
    expect(stateOf(HOME).state).toBe('listed')
    // The home is looked at without its folders.
    expect(stateOf(`${HOME}/models/ESRGAN`).state).toBe('unreadable')
  })

  test('tells where ~ is by the folders that were asked for', () => {
    const folders = [
      { path: `${HOME}/models/Lora`, state: 'listed' as const },
      { path: '/home/someone/models/Lora', state: 'missing' as const },
    ]
    expect(indexListing({ ...listing, folders, asked: ['models/Lora', '~/models/Lora'] }).userHome).toBe(
      '/home/someone',
    )
    expect(indexListing({ ...listing, folders, asked: ['models/Lora'] }).userHome).toBeUndefined()
  })
})
