import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type RemoteListing, remotePath } from '../../../src/catalog/ssh/remote-listing.ts'
import { encodeName } from '../../../src/catalog/ssh/remote-name.ts'
import { encodeRequest, REMOTE_COMMAND } from '../../../src/catalog/ssh/remote-script.ts'
import type { ReachRequest, SshListerDeps } from '../../../src/catalog/ssh/ssh-lister.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { rejection } from '../../support/rejection.ts'
import { needs } from '../../support/requires.ts'
import { noSsh, testLister } from '../../support/ssh-lister.ts'
import { tempDir } from '../../support/temp-dir.ts'

const TOOLS = ['dd', 'find', 'sed', 'uname', 'xargs', 'sh', 'ls', 'od', 'stat', 'sha256sum']

/** A folder with these programs alone; returns the start of a command line that sees nothing else. */
function onlyPath(folder: string, programs: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(bin, name))
  return `env PATH=${bin} ${join(bin, 'sh')} -c`
}
const which = (name: string): string => Bun.which(name) ?? `/no/${name}`
const all = (path: string, names: readonly string[] = TOOLS): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, path]))

async function list(
  folder: string,
  shell: string,
  request: Partial<ReachRequest>,
  deps: Partial<SshListerDeps> = {},
): Promise<RemoteListing> {
  const lister = testLister(folder, { program: noSsh(folder, shell), ...deps })
  const { signal } = new AbortController()
  return await lister.list({ target: { host: 'h', user: 'u' }, actor: OWNER, folders: [], signal, ...request })
}

function put(path: string, content: string | Uint8Array = 'x'): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}

const ODD = [
  'a\nb.safetensors',
  '$(reboot)',
  '-rf',
  '`id`',
  '*?[x]',
  'it\'s "q"',
  ' lead',
  'trail ',
  '\\',
  'häfen',
  '~',
  '#',
  '%s\\n',
]
const RAW = [Buffer.from([0x68, 0xff, 0x2e]), Buffer.from('caf\u00e9', 'latin1'), Buffer.from([1, 0x1b, 0x5b, 0x32])]

const SHELLS: readonly (readonly [string, () => boolean, (folder: string) => string])[] = [
  ['sh with GNU tools', () => true, () => 'sh -c'],
  ['bash', () => needs('bash'), () => 'bash -c'],
  ['zsh', () => needs('zsh'), () => 'zsh -c'],
  ['fish', () => needs('fish'), () => 'fish -c'],
  ['busybox, whose find prints no sizes', () => needs('busybox'), (folder) => onlyPath(folder, all(which('busybox')))],
  [
    'no stat and no sha256sum',
    () => needs('busybox') && needs('openssl'),
    (folder) => onlyPath(folder, { ...all(which('busybox'), TOOLS.slice(0, -2)), openssl: which('openssl') }),
  ],
]

describe('the same listing from', () => {
  // Not every machine has every shell; where the gate runs, one that is missing fails.
  for (const [name, able, shellIn] of SHELLS)
    test.skipIf(!able())(name, async () => {
      using folder = tempDir()
      const home = join(folder.path, "UI home's")
      const names = [...ODD.map((odd) => Buffer.from(odd)), ...RAW]
      const models = join(home, 'models')
      mkdirSync(join(models, 'sub dir\n'), { recursive: true })
      for (const odd of names) {
        const path = Buffer.concat([Buffer.from(`${models}/sub dir\n/`), odd])
        writeFileSync(path, odd)
        utimesSync(path, 1_700_000_000, 1_700_000_000)
      }
      put(join(models, 'empty'), '')
      put(join(models, 'large.safetensors'), '')
      truncateSync(join(models, 'large.safetensors'), 5_000_000_000)
      utimesSync(join(models, 'large.safetensors'), 1_700_000_000, 1_700_000_000)
      put(join(folder.path, 'store/linked.safetensors'))
      symlinkSync(join(folder.path, 'store'), join(models, 'Lora'))
      symlinkSync(join(folder.path, 'store/linked.safetensors'), join(models, 'one.safetensors'))
      symlinkSync('nowhere', join(models, 'dangling'))
      symlinkSync('circle', join(models, 'circle'))
      const listing = await list(folder.path, shellIn(folder.path), {
        uiHome: home,
        folders: ['models', 'models/Lora', 'none\nsuch', ''],
        toHash: ({ files }) => files.filter(({ sizeBytes }) => sizeBytes < 100),
        toPeek: async ({ files }) => files,
      })
      expect(listing.uiHome).toEqual({ path: home, source: 'asked' })
      expect(listing.folders).toEqual([
        { path: join(home, 'models'), state: 'listed', problems: [] },
        { path: `${home}/none\nsuch`, state: 'missing', problems: [] },
        { path: home, state: 'listed', problems: [] },
      ])
      const found = new Map(listing.files.map((file) => [encodeName(file.path).toString('latin1'), file]))
      const expected = new Map([
        ...names.map((odd) => [`sub dir\n/${odd.toString('latin1')}`, odd.length] as const),
        ['empty', 0] as const,
        ['large.safetensors', 5_000_000_000] as const,
        ['Lora/linked.safetensors', 1] as const,
        ['one.safetensors', 1] as const,
      ])
      expect(new Map([...found].map(([path, { sizeBytes }]) => [path, sizeBytes]))).toEqual(expected)
      const times = new Set(listing.files.map(({ modifiedMs }) => modifiedMs))
      expect(times).toEqual(new Set([name.startsWith('no stat') ? undefined : 1_700_000_000_000]))
      for (const odd of names) {
        const file = found.get(`sub dir\n/${odd.toString('latin1')}`)
        if (file === undefined) throw new Error('not found')
        expect(listing.sha256.get(file)).toBe(createHash('sha256').update(odd).digest('hex'))
      }
      expect(listing.sha256.size).toBe(expected.size - 1)
      const heads = new Map([...listing.heads].map(([{ path }, head]) => [path, head]))
      expect(heads.get('large.safetensors')).toEqual(Buffer.alloc(1024))
      expect(heads.get('sub dir\n/häfen')?.toString()).toBe('häfen')
      expect(heads.size).toBe(expected.size - 1)
    })
})

describe('a link in a circle', () => {
  // As above: a shell that is missing fails where the gate runs.
  for (const [name, able, shellIn] of SHELLS.slice(0, -1))
    test.skipIf(!able())(`shows no file twice: ${name}`, async () => {
      using folder = tempDir()
      put(join(folder.path, 'models/loras/a.safetensors'))
      put(join(folder.path, 'store/b.safetensors'))
      symlinkSync('.', join(folder.path, 'models/self'))
      symlinkSync('..', join(folder.path, 'models/loras/up'))
      // What no circle shows is there under both names.
      symlinkSync('../store', join(folder.path, 'models/one'))
      symlinkSync('../store', join(folder.path, 'models/other'))
      const listing = await list(folder.path, shellIn(folder.path), { uiHome: folder.path, folders: ['models'] })
      expect(listing.files.map(({ path }) => path).toSorted()).toEqual([
        'loras/a.safetensors',
        'one/b.safetensors',
        'other/b.safetensors',
      ])
      expect(listing.folders).toMatchObject([{ state: 'listed' }])
    })

  // As above: a shell that is missing fails where the gate runs.
  for (const [name, able, shellIn] of SHELLS.slice(0, -1))
    test.skipIf(!able())(`is none that leads to a file, or to a folder with a path of its own: ${name}`, async () => {
      using folder = tempDir()
      put(join(folder.path, 'models/loras/a.safetensors'))
      put(join(folder.path, 'models/wan/b.safetensors'))
      put(join(folder.path, 'store/c.safetensors'))
      mkdirSync(join(folder.path, 'models/loras/style'))
      symlinkSync('../a.safetensors', join(folder.path, 'models/loras/style/a.safetensors'))
      symlinkSync('../wan', join(folder.path, 'models/loras/wan'))
      symlinkSync('../store', join(folder.path, 'models/store'))
      const folders = ['models', join(folder.path, 'store')]
      const listing = await list(folder.path, shellIn(folder.path), { uiHome: folder.path, folders })
      expect(listing.files.map(remotePath).toSorted()).toEqual(
        [
          'models/loras/a.safetensors',
          'models/loras/style/a.safetensors',
          'models/loras/wan/b.safetensors',
          'models/store/c.safetensors',
          'models/wan/b.safetensors',
          'store/c.safetensors',
        ].map((path) => join(folder.path, path)),
      )
    })

  test('hard links are names of their own', async () => {
    using folder = tempDir()
    put(join(folder.path, 'models/a.safetensors'))
    mkdirSync(join(folder.path, 'models/sub'))
    linkSync(join(folder.path, 'models/a.safetensors'), join(folder.path, 'models/sub/a.safetensors'))
    const listing = await list(folder.path, 'sh -c', { uiHome: folder.path, folders: ['models'] })
    expect(listing.files.map(({ path }) => path).toSorted()).toEqual(['a.safetensors', 'sub/a.safetensors'])
  })
})

test('a host that cannot show bytes is listed all the same', async () => {
  using folder = tempDir()
  put(join(folder.path, 'models/a'))
  const shell = onlyPath(
    folder.path,
    all(
      which('busybox'),
      TOOLS.filter((name) => name !== 'od'),
    ),
  )
  const toPeek: ReachRequest['toPeek'] = async ({ files }) => files
  const listing = await list(folder.path, shell, { uiHome: folder.path, folders: ['models'], toPeek })
  expect([listing.files.length, listing.heads.size]).toEqual([1, 0])
})

test('is one line of words that every shell reads alike', () => {
  expect(REMOTE_COMMAND).toMatch(/^exec sh -c '[^']+' sh '[^']+' '[^']+' '[^']+' '[^']+'$/)
  expect(REMOTE_COMMAND).not.toMatch(/[\n!]|\\\\/)
})

test('values are no part of it', () => {
  expect(encodeRequest('list', 'token', [Buffer.from('$(reboot)')]).toString()).toBe(
    'list 16 token\ntoken\0$(reboot)\0',
  )
})

describe('the home of the UI', () => {
  /** Environment, files and folders; then what comes of it. `@` is the folder of the test. */
  test.each<[string, { env?: string; files?: Record<string, string>; usual?: string[] }, string | undefined, string]>([
    [
      'is what the environment says',
      { env: '@/env', files: { etc: 'UI_HOME=@/etc-home' }, usual: ['@/usual'] },
      '@/env',
      'environment',
    ],
    [
      'else what the first file says',
      { files: { etc: 'PATH=x\nUI_HOME=@/etc-home\n', rc: 'UI_HOME=@/rc-home' } },
      '@/etc-home',
      '@/etc',
    ],
    [
      'else what the next says',
      { files: { etc: 'X=1', rc: 'export UI_HOME="@/rc-home" # mine\r\n' }, usual: ['@/usual'] },
      '@/rc-home',
      '@/rc',
    ],
    ['of several lines the last', { files: { etc: 'UI_HOME=@/env\n UI_HOME=@/etc-home ; x' } }, '@/etc-home', '@/etc'],
    ['in single quotes', { files: { etc: "UI_HOME='@/with blank'" } }, '@/with blank', '@/etc'],
    ['unquoted with a blank', { files: { etc: 'UI_HOME=@/with blank ' } }, '@/with blank', '@/etc'],
    ['below the home folder', { files: { etc: 'UI_HOME="$HOME/etc-home"' } }, '@/etc-home', '@/etc'],
    ['below it in braces', { files: { etc: `UI_HOME=$${'{HOME}'}/etc-home` } }, '@/etc-home', '@/etc'],
    ['below it with ~', { files: { etc: 'UI_HOME=~/etc-home' } }, '@/etc-home', '@/etc'],
    ['else the first usual place', { env: '', usual: ['@/none', '@/usual', '@/env'] }, '@/usual', 'usual'],
    [
      'is nothing that is not there',
      { env: '@/none', files: { etc: 'UI_HOME=@/none' }, usual: ['@/usual'] },
      '@/usual',
      'usual',
    ],
    ['is nothing relative', { env: 'env', files: { etc: 'UI_HOME=etc-home' } }, undefined, ''],
    [
      'is never run',
      { files: { etc: 'UI_HOME=$(touch @/ran)\nUI_HOME=`touch @/ran`' }, usual: ['@/usual'] },
      '@/usual',
      'usual',
    ],
    ['is a value, not a commented line', { files: { etc: '# UI_HOME=@/env\nMY_UI_HOME=@/env' } }, undefined, ''],
  ])('%s', async (_, { env, files = {}, usual = [] }, path, source) => {
    using folder = tempDir()
    const here = (text: string): string => text.replaceAll('@', folder.path)
    for (const name of ['env', 'etc-home', 'rc-home', 'usual', 'with blank']) mkdirSync(join(folder.path, name))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), here(text))
    const set = env === undefined ? '-u UI_HOME' : `UI_HOME='${here(env)}'`
    const deps = { uiHomeFiles: Object.keys(files).map((name) => join(folder.path, name)), usualHomes: usual.map(here) }
    const shell = `env ${set} HOME='${folder.path}' sh -c`
    const listing = await list(folder.path, shell, {}, deps)
    expect(listing.uiHome).toEqual(path === undefined ? undefined : { path: here(path), source: here(source) })
    expect(await Bun.file(join(folder.path, 'ran')).exists()).toBe(false)
    if (path === undefined) {
      const error = await rejection(list(folder.path, shell, { folders: ['models'] }, deps))
      expect(error).toMatchObject({ status: 'no_ui_home' })
    }
  })

  test.each([
    ['$(touch ran)'],
    ['-rf'],
    ['`touch ran`'],
    ['relative'],
    ['-'],
    [''],
    ['~other'],
    ['/a\0b'],
    [`/${'x'.repeat(5000)}`],
  ])('is not %j', async (uiHome) => {
    using folder = tempDir()
    const error = await rejection(list(folder.path, 'false', { uiHome, folders: ['models'] }))
    expect(error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'ui_home' }] })
  })

  test.each([['/$(touch ran)'], ['/`touch ran`'], ['/a\nb'], ['/; touch ran'], ['/-rf'], ['~/none']])(
    'may be called %j, if it is there',
    async (name) => {
      using folder = tempDir()
      const shell = `env HOME=${folder.path} sh -c`
      const error = await rejection(list(folder.path, shell, { uiHome: name, folders: ['models'] }))
      expect(error).toMatchObject({ status: 'no_ui_home' })
      const uiHome = folder.path + name.replace('~', '')
      put(join(uiHome, 'models/a'))
      const listing = await list(folder.path, shell, { uiHome, folders: ['models'] })
      expect(listing.files.map(remotePath)).toEqual([`${uiHome}/models/a`])
    },
  )
})

describe('what cannot be read', () => {
  test('is said, and is not missing', async () => {
    using folder = tempDir()
    put(join(folder.path, 'models/a'))
    const bin = join(folder.path, 'wrapped')
    mkdirSync(bin)
    // find as it is where a folder is closed: it goes on, complains and ends with 1.
    const complain =
      'echo "find: \'./closed\u001b\': Permission denied" >&2; echo "find: File system loop detected; \'./x\'" >&2; exit 1'
    writeFileSync(join(bin, 'find'), `#!/bin/sh\n${which('find')} "$@"\n${complain}\n`)
    chmodSync(join(bin, 'find'), 0o755)
    const shell = `env PATH=${bin}:/usr/bin:/bin sh -c`
    const listing = await list(folder.path, shell, { uiHome: folder.path, folders: ['models'] })
    expect(listing.files.map(({ path }) => path)).toEqual(['a'])
    const problems = ["find: './closed\\u001b': Permission denied"]
    expect(listing.folders).toEqual([{ path: join(folder.path, 'models'), state: 'incomplete', problems }])
  })

  test('is said too where find is killed', async () => {
    using folder = tempDir()
    put(join(folder.path, 'models/a'))
    const bin = join(folder.path, 'wrapped')
    mkdirSync(bin)
    writeFileSync(join(bin, 'find'), `#!/bin/sh\n${which('find')} "$@"\nkill -9 $$\n`)
    chmodSync(join(bin, 'find'), 0o755)
    const shell = `env PATH=${bin}:/usr/bin:/bin sh -c`
    const listing = await list(folder.path, shell, { uiHome: folder.path, folders: ['models'] })
    expect(listing.folders[0]).toMatchObject({ state: 'incomplete' })
    expect(listing.folders[0]?.problems.join()).toContain('find ended with 137')
  })

  test('a file where a folder is meant', async () => {
    using folder = tempDir()
    put(join(folder.path, 'models'))
    const listing = await list(folder.path, 'sh -c', { uiHome: folder.path, folders: ['models'] })
    expect(listing.folders).toEqual([{ path: join(folder.path, 'models'), state: 'missing', problems: [] }])
  })

  test('more files than a host has', async () => {
    using folder = tempDir()
    for (let index = 0; index < 12; index += 1) put(join(folder.path, `models/${index}`))
    const request = { uiHome: folder.path, folders: ['models'] }
    expect((await list(folder.path, 'sh -c', request, { limits: { maxFiles: 12 } })).files).toHaveLength(12)
    const error = await rejection(list(folder.path, 'sh -c', request, { limits: { maxFiles: 11 } }))
    expect(error).toMatchObject({ status: 'too_much', message: expect.stringContaining('11') })
  })
})

test('hundreds of folders far apart come by several requests over the one connection', async () => {
  using folder = tempDir()
  const folders = Array.from({ length: 120 }, (_, index) => `${folder.path}/${'deeper/'.repeat(60)}${index}`)
  for (const path of folders) put(join(path, 'a'))
  const listing = await list(folder.path, 'sh -c', { folders })
  expect(new Set(listing.files.map(remotePath))).toEqual(new Set(folders.map((path) => `${path}/a`)))
})

test('without its programs it says which', async () => {
  using folder = tempDir()
  const shell = onlyPath(folder.path, { sh: which('sh'), sed: which('sed') })
  const error = await rejection(list(folder.path, shell, { folders: ['/tmp/x'] }))
  expect(error).toMatchObject({ status: 'no_tools', message: expect.stringContaining('dd, find, uname, xargs') })
})
