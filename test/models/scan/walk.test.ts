import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createProblems } from '../../../src/models/scan/problems.ts'
import { walkModelFolders } from '../../../src/models/scan/walk.ts'
import { needs, satisfied } from '../../support/requires.ts'
import { rootAt, type Walked, walked } from './walked.ts'

let base: string

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-walk-')))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function put(path: string, text = 'x'): string {
  const full = join(base, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, text)
  return full
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true })
  symlinkSync(target, join(base, path))
}

/** Listed paths below the base, aliases behind `=`. */
const listings = ({ files }: Walked): string[] =>
  files
    .map(({ root, relative, aliases }) =>
      [`${root}/${relative}`, ...aliases].map((path) => path.replace(`${base}/`, '')).join(' = '),
    )
    .toSorted()

const told = ({ skipped }: Walked): string[] =>
  skipped.map(({ path, reason }) => `${path.replace(`${base}/`, '')}: ${reason}`).toSorted()

/** What the walk finds when it runs behind `command`. */
function walkedBehind(command: readonly string[], ...roots: readonly string[]): Walked {
  const script = join(import.meta.dir, 'print-walk.ts')
  const [program = '', ...args] = [...command, process.execPath, script, ...roots]
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })) as Walked
}

describe('what is found', () => {
  test('a file with everything that is told of it', () => {
    const path = put('models/loras/style/a.safetensors', 'abc')
    utimesSync(path, 1_700_000_000, 1_700_000_000.123)
    const { files } = walked(join(base, 'models'))
    expect(files).toEqual([
      {
        path,
        root: join(base, 'models'),
        relative: 'loras/style/a.safetensors',
        name: 'style/a.safetensors',
        type: 'lora',
        aliases: [],
        sizeBytes: 3,
        modifiedUs: expect.any(Number),
        changedUs: expect.any(Number),
        device: expect.stringMatching(/^\d+$/),
        inode: expect.stringMatching(/^\d+$/),
        partial: false,
        namedSha256: undefined,
        place: expect.any(Number),
      },
    ])
    expect(Math.round((files[0]?.modifiedUs ?? 0) / 1000)).toBe(1_700_000_000_123)
    expect(files[0]?.changedUs).toBeGreaterThan(1_700_000_000_123_000)
  })

  test('the type of the root goes before that of the folder', () => {
    put('vae/a.safetensors')
    const [file] = walked(rootAt(base, { type: 'lora' })).files
    expect(file).toMatchObject({ type: 'lora', name: 'vae/a.safetensors' })
  })

  test('models by their endings, hidden names and pictures left out', () => {
    put('a.safetensors')
    put('b/c/d.GGUF')
    put('b/readme.txt')
    put('.hidden.safetensors')
    put('.cache/e.safetensors')
    put('.airkeep/f.safetensors')
    put('g.safetensors/h.pt')
    expect(listings(walked(base))).toEqual(['a.safetensors', 'b/c/d.GGUF', 'g.safetensors/h.pt'])
  })

  test('a root may be hidden itself', () => {
    put('.models/a.safetensors')
    expect(listings(walked(join(base, '.models')))).toEqual(['.models/a.safetensors'])
  })

  test('a root with a slash at its end', () => {
    put('m/a.safetensors')
    const [file] = walked(`${base}/m/`).files
    expect(file).toMatchObject({ path: join(base, 'm/a.safetensors'), root: `${base}/m/`, relative: 'a.safetensors' })
  })

  test.each([
    ['a newline', 'a\nb.safetensors'],
    ['255 bytes', `${'x'.repeat(243)}.safetensors`],
    ['255 bytes of two-byte letters', `${'é'.repeat(121)}y.safetensors`],
    ['U+FFFD itself', 'a\ufffdb.safetensors'],
    ['a backslash and quotes', 'a\\"\'.safetensors'],
  ])('a name with %s', (_what, name) => {
    const path = put(`loras/${name}`)
    expect(walked(base).files.map((file) => file.path)).toEqual([path])
  })

  const partials: [what: string, files: string[], found: [name: string, partial: boolean][]][] = [
    ['a marker in the name', ['a.safetensors.part'], [['a.safetensors.part', true]]],
    ["aria2's control file", ['a.safetensors', 'a.safetensors.aria2'], [['a.safetensors', true]]],
    ['a control file of another', ['a.safetensors', 'b.safetensors.aria2'], [['a.safetensors', false]]],
    ['a part beside the whole', ['a.gguf', 'a.gguf.tmp'], [['a.gguf', false], ['a.gguf.tmp', true]]], // biome-ignore format: one row of a table
  ]
  test.each(partials)('still being written: %s', (_what, names, found) => {
    for (const name of names) put(name)
    expect(walked(base).files.map(({ name, partial }) => [name, partial])).toEqual(found)
  })
})

describe('links', () => {
  test('a link and its target in one root are one file, listed where it lies', () => {
    put('loras/z.safetensors')
    link('loras/a.safetensors', 'z.safetensors')
    expect(listings(walked(base))).toEqual(['loras/z.safetensors = loras/a.safetensors'])
  })

  test('a link to a file elsewhere is listed under its own name', () => {
    put('store/blob')
    link('models/loras/a.safetensors', join(base, 'store/blob'))
    const [file] = walked(join(base, 'models')).files
    expect(file).toMatchObject({ path: join(base, 'store/blob'), relative: 'loras/a.safetensors', type: 'lora' })
  })

  test('a linked folder gives aliases', () => {
    put('Lora/x/a.safetensors')
    link('LyCORIS', 'Lora')
    expect(listings(walked(base))).toEqual(['Lora/x/a.safetensors = LyCORIS/x/a.safetensors'])
  })

  test('a root may be a link; its paths stay as they were configured', () => {
    put('disk/a.safetensors')
    link('root', 'disk')
    const { files } = walked(join(base, 'root'))
    expect(files).toMatchObject([{ path: join(base, 'disk/a.safetensors'), root: join(base, 'root'), aliases: [] }])
  })

  test('hard links are one file', () => {
    linkSync(put('b/a.safetensors'), join(base, 'c.safetensors'))
    expect(listings(walked(base))).toEqual(['b/a.safetensors = c.safetensors'])
  })

  test('a folder that says what lies in it counts before one that does not, link or not', () => {
    put('store/abc.safetensors')
    link('loras/fog.safetensors', join(base, 'store/abc.safetensors'))
    put('loras/hard.safetensors', 'other')
    linkSync(join(base, 'loras/hard.safetensors'), join(base, 'copy.safetensors'))
    const found = walked(base)
    expect(listings(found)).toEqual([
      'loras/fog.safetensors = store/abc.safetensors',
      'loras/hard.safetensors = copy.safetensors',
    ])
    expect(found.files.map(({ type }) => type)).toEqual(['lora', 'lora'])
    expect(listings(walked(join(base, 'store'), base))).toContain('store/abc.safetensors = loras/fog.safetensors')
  })

  test('of two roots the first one lists the file, whichever way leads to it', () => {
    put('one/a.safetensors')
    link('two/b.safetensors', join(base, 'one/a.safetensors'))
    expect(listings(walked(join(base, 'one'), join(base, 'two')))).toEqual(['one/a.safetensors = two/b.safetensors'])
    expect(listings(walked(join(base, 'two'), join(base, 'one')))).toEqual(['two/b.safetensors = one/a.safetensors'])
  })

  test('a root within a root lists nothing twice', () => {
    put('loras/a.safetensors')
    const both = walked(base, join(base, 'loras'))
    expect(both.files).toMatchObject([{ root: base, relative: 'loras/a.safetensors', aliases: [] }])
    expect(both.files).toEqual(walked(base).files)
  })

  test('circles end and are told', () => {
    put('a/x.safetensors')
    put('b/y.safetensors')
    link('a/self', '.')
    link('a/up', '..')
    link('a/b', '../b')
    link('b/a', '../a')
    link('a/knot', 'knot')
    link('a/root', '/')
    const found = walked(base)
    expect(listings(found)).toEqual(['a/x.safetensors = b/a/x.safetensors', 'b/y.safetensors = a/b/y.safetensors'])
    const circle = 'it is a symlink that leads in a circle'
    for (const name of ['self', 'up', 'knot', 'root']) expect(told(found)).toContain(`a/${name}: ${circle}`)
    expect(told(found)).toContain('a/b/a: it leads in a circle')
  })

  test('folders that all link to each other do not multiply without end', () => {
    const names = Array.from({ length: 12 }, (_, at) => `f${at}`)
    for (const name of names) put(`${name}/${name}.safetensors`)
    for (const name of names) for (const other of names) if (other !== name) link(`${name}/${other}`, `../${other}`)
    const found = walked(base)
    expect(found.files).toHaveLength(12)
    expect(Math.max(...found.files.map(({ aliases }) => aliases.length))).toBe(15)
    expect(found.skipped.length).toBeGreaterThan(0)
  })

  test('links that lead nowhere, and to what is no file', () => {
    link('a.safetensors', 'nowhere.safetensors')
    link('folder', 'nowhere')
    link('null.safetensors', '/dev/null')
    link('null', '/dev/null')
    expect(told(walked(base))).toEqual([
      'a.safetensors: it is a symlink that leads nowhere',
      'folder: it is a symlink that leads nowhere',
      'null.safetensors: it is a symlink to something that is no regular file',
    ])
  })

  test('inode numbers beyond 2^53 are not confused', async () => {
    const { createJoinedFiles } = await import('../../../src/models/scan/join.ts')
    const { files } = { files: createJoinedFiles() }
    const root = { index: 0, root: rootAt('/r'), listed: '/r', real: '/r' }
    const folder = {
      root,
      parent: undefined,
      listed: '/r/',
      real: '/r/',
      relative: '',
      linked: false,
      device: 1n,
      inode: 1n,
    }
    const found = {
      folder,
      target: undefined,
      sizeBytes: 1,
      modifiedUs: 1,
      changedUs: 1,
      device: 1n,
      hardLinked: false,
      partial: false,
      sidecars: 0,
    }
    files.add({ ...found, name: 'a.pt', inode: 2n ** 53n })
    files.add({ ...found, name: 'b.pt', inode: 2n ** 53n + 1n })
    files.add({ ...found, name: 'c.pt', inode: 2n ** 53n + 1n })
    files.add({ ...found, name: 'd.pt', inode: 2n ** 53n, device: 2n })
    files.add({ ...found, name: 'e.pt', inode: 0n })
    files.add({ ...found, name: 'f.pt', inode: 0n })
    const groups: string[][] = []
    files.each((row, others) => groups.push([row, ...others].map(files.listings.name)))
    expect(groups).toEqual([['a.pt'], ['b.pt', 'c.pt'], ['d.pt'], ['e.pt'], ['f.pt']])
    expect(files.listings.at(1).inode).toBe(2n ** 53n + 1n)
  })
})

describe('the Hugging Face cache', () => {
  const sha256 = 'ab'.repeat(32)
  const git = 'cd'.repeat(20)

  test('lists snapshots by their paths, with the digests that blobs are named for', () => {
    const repo = 'hub/models--org--repo'
    put(`${repo}/blobs/${sha256}`)
    put(`${repo}/blobs/${git}`)
    put(`${repo}/blobs/${'ef'.repeat(32)}.incomplete`)
    put(`${repo}/blobs/${'01'.repeat(32)}.safetensors`)
    put(`${repo}/refs/main.bin`)
    link(`${repo}/snapshots/c0ffee/vae/x.safetensors`, `../../../blobs/${sha256}`)
    link(`${repo}/snapshots/c0ffee/small.bin`, `../../blobs/${git}`)
    link(`${repo}/snapshots/decade/vae/x.safetensors`, `../../../blobs/${sha256}`)
    const found = walked(rootAt(join(base, 'hub'), { layout: 'huggingface' }))
    expect(found.files).toMatchObject([
      {
        path: join(base, repo, 'blobs', sha256),
        relative: 'models--org--repo/snapshots/c0ffee/vae/x.safetensors',
        name: 'org/repo/vae/x.safetensors',
        type: 'vae',
        namedSha256: sha256,
        aliases: [join(base, repo, 'snapshots/decade/vae/x.safetensors')],
      },
      { path: join(base, repo, 'blobs', git), namedSha256: undefined },
    ])
  })

  test('a folder named blobs elsewhere is one like any other', () => {
    put('loras/blobs/a.safetensors')
    put('models--a--b/blobs/b.safetensors')
    expect(listings(walked(base))).toEqual(['loras/blobs/a.safetensors', 'models--a--b/blobs/b.safetensors'])
  })

  test('a link from elsewhere to a blob has the digest too', () => {
    const blob = put(`hub/models--o--r/blobs/${sha256}`)
    link('models/loras/a.safetensors', blob)
    expect(walked(join(base, 'models')).files).toMatchObject([{ namedSha256: sha256, type: 'lora' }])
  })
})

describe('what is left out', () => {
  test('a FIFO and a socket are told and not opened', async () => {
    execFileSync('mkfifo', [join(base, 'a.safetensors'), join(base, 'no-model')])
    const server = createServer().listen(join(base, 'b.safetensors'))
    await new Promise((resolve) => server.once('listening', resolve))
    const found = walked(base)
    await new Promise((resolve) => server.close(resolve))
    expect(found.files).toEqual([])
    expect(told(found)).toEqual(['a.safetensors: it is no regular file', 'b.safetensors: it is no regular file'])
  })

  const mayMakeDevices = () => {
    const path = join(realpathSync(tmpdir()), `airkeep-device-${process.pid}`)
    const { status } = spawnSync('mknod', [path, 'c', '1', '3'])
    rmSync(path, { force: true })
    return status === 0
  }
  test.skipIf(!needs('mknod') || !satisfied(mayMakeDevices(), 'the right to make device nodes'))('a device', () => {
    execFileSync('mknod', [join(base, 'a.safetensors'), 'c', '1', '3'])
    expect(told(walked(base))).toEqual(['a.safetensors: it is no regular file'])
  })

  test('names that are not valid UTF-8 are told, and hide nothing beside them', () => {
    const bytes = (name: string): Buffer => Buffer.concat([Buffer.from(`${base}/`), Buffer.from(name, 'latin1')])
    writeFileSync(bytes('bad\xff.safetensors'), 'x')
    writeFileSync(bytes('bad\xfe.safetensors'), 'x')
    mkdirSync(bytes('dir\xff'))
    put('bad\ufffd.safetensors')
    put('good.safetensors')
    const found = walked(base)
    expect(listings(found)).toEqual(['bad\ufffd.safetensors', 'good.safetensors'])
    const reason = 'its name is not valid UTF-8: rename it'
    expect(told(found)).toEqual([`bad\ufffd.safetensors: ${reason}`, `dir\ufffd: ${reason}`])
  })

  test('paths are told so that a terminal survives them', () => {
    link('a\n\x1b[2J.safetensors', 'nowhere')
    expect(walked(base).skipped.map(({ path }) => path)).toEqual([join(base, 'a\\x0a\\x1b[2J.safetensors')])
  })

  test('a thousand problems and the count of the rest', () => {
    const problems = createProblems()
    for (let at = 0; at < 1_003; at += 1) problems.add(`/${at}`, 'no')
    for (let at = 0; at < 1_000; at += 1) problems.add(`/${at}`, 'told already')
    const list = problems.list()
    expect(list.slice(0, 1_000).every(({ reason }) => reason === 'no')).toBe(true)
    expect(list.slice(1_000)).toEqual([{ path: '/1002', reason: 'This one and 2 others were left out too' }])
  })

  test.each([
    ['missing', 'it is not there'],
    ['file', 'it is not a folder'],
    ['knot', 'its symlinks lead in a circle'],
  ])('a root that is %s is unreadable, and the others are walked', (name, reason) => {
    put('file')
    link('knot', 'knot')
    put('good/a.safetensors')
    const found = walked(join(base, name), join(base, 'good'))
    expect(found.unreadable).toEqual([{ path: join(base, name), reason }])
    expect(found.files).toHaveLength(1)
  })

  const rights = ['setpriv', '--bounding-set=-dac_override,-dac_read_search']
  test.skipIf(!needs('setpriv'))('a folder without permission is unreadable, the rest is walked', () => {
    put('a/x.safetensors')
    put('b/y.safetensors')
    put('c/z.safetensors')
    chmodSync(join(base, 'a'), 0o000)
    chmodSync(join(base, 'b'), 0o444) // names can be read, and nothing more
    const found = walkedBehind(process.getuid?.() === 0 ? rights : ['env'], base)
    chmodSync(join(base, 'a'), 0o700)
    chmodSync(join(base, 'b'), 0o700)
    expect(listings(found)).toEqual(['c/z.safetensors'])
    expect(found.unreadable).toEqual(
      ['a', 'b'].map((name) => ({ path: join(base, name), reason: 'permission denied' })),
    )
  })
})

const mayMount = () => spawnSync('unshare', ['-m', 'true']).status === 0
test.skipIf(!needs('unshare') || !satisfied(mayMount(), 'the right to mount'))(
  'a folder and a file mounted a second time are one file each',
  () => {
    put('a/x.safetensors')
    put('c/y.safetensors')
    put('d/z.safetensors')
    mkdirSync(join(base, 'b'))
    const mount = 'mount --bind a b && mount --bind c/y.safetensors d/z.safetensors && exec "$@"'
    const found = walkedBehind(['unshare', '-m', 'sh', '-c', `cd '${base}' && ${mount}`, 'sh'], base)
    expect(listings(found)).toEqual(['a/x.safetensors = b/x.safetensors', 'c/y.safetensors = d/z.safetensors'])
  },
)

test('a folder that vanishes in the middle of the walk is no problem', () => {
  put('a/x.safetensors')
  put('b/y.safetensors')
  let steps = 0
  const walk = walkModelFolders({
    roots: [rootAt(base)],
    onStep() {
      steps += 1
      // The root was read; its folders are still to come.
      if (steps === 2) rmSync(join(base, 'a'), { recursive: true })
      if (steps === 2) rmSync(join(base, 'b'), { recursive: true })
    },
  })
  expect(walk).toMatchObject({ unreadable: [], skipped: [] })
  expect(walk.files.count).toBe(0)
})

test('a step that throws ends the walk', () => {
  put('a/x.safetensors')
  const stop = new Error('stop')
  expect(() => walkModelFolders({ roots: [rootAt(base)], onStep: () => { throw stop } })).toThrow(stop) // biome-ignore format: short as one line
})
