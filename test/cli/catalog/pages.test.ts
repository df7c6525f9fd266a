import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPaths } from '../../../src/cli/catalog/pages.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

const { signal } = new AbortController()

function catalog(): { readonly path: string } & Disposable {
  const folder = tempDir()
  mkdirSync(join(folder.path, 'pages', '.hidden'), { recursive: true })
  mkdirSync(join(folder.path, 'pages', 'loras'))
  writeFileSync(join(folder.path, 'pages', 'loras', 'a.md'), 'a')
  writeFileSync(join(folder.path, 'pages', 'b.MD'), Buffer.from([0xe9]))
  writeFileSync(join(folder.path, 'pages', '.hidden', 'c.md'), 'c')
  writeFileSync(join(folder.path, 'pages', 'picture.png'), 'd')
  writeFileSync(join(folder.path, 'single.md'), 'e')
  return folder
}

test('a folder is named to whoever shares the disk', async () => {
  using folder = catalog()
  const [call, ...more] = await readPaths(['pages'], { cwd: folder.path, sharesDisk: true, signal })
  expect(more).toEqual([])
  expect(call?.input).toEqual({ catalog_dir: join(folder.path, 'pages') })
  expect(call?.nameOf('loras/a.md')).toBe('loras/a.md')
})

test('of several paths each page is named as it was typed', async () => {
  using folder = catalog()
  const calls = await readPaths(['pages', 'single.md'], { cwd: folder.path, sharesDisk: true, signal })
  expect(calls.map(({ input }) => input)).toEqual([
    { catalog_dir: join(folder.path, 'pages') },
    { catalog_dir: folder.path, items: [{ file_path: 'single.md' }] },
  ])
  expect(calls[0]?.nameOf('loras/a.md')).toBe('pages/loras/a.md')
  expect(calls[1]?.nameOf('single.md')).toBe('single.md')
})

test('files go in one call, by their real paths below the folder that holds them', async () => {
  using folder = catalog()
  symlinkSync(join(folder.path, 'single.md'), join(folder.path, 'pages', 'loras', 'link.md'))
  const typed = ['./pages/loras/link.md', 'pages/b.MD']
  const calls = await readPaths(typed, { cwd: folder.path, sharesDisk: true, signal })
  expect(calls.map(({ input }) => input)).toEqual([
    { catalog_dir: folder.path, items: [{ file_path: 'single.md' }, { file_path: 'pages/b.MD' }] },
  ])
  expect(calls[0]?.nameOf('single.md')).toBe('./pages/loras/link.md')
  const [alone] = await readPaths(['pages/b.MD'], { cwd: folder.path, sharesDisk: true, signal })
  expect(alone?.input).toEqual({ catalog_dir: join(folder.path, 'pages'), items: [{ file_path: 'b.MD' }] })
})

test('whoever answers from elsewhere gets the texts', async () => {
  using folder = catalog()
  const calls = await readPaths(['pages'], {
    cwd: folder.path,
    sharesDisk: false,
    signal,
  })
  expect(calls.map(({ input }) => input)).toEqual([
    {
      items: [
        { file_path: 'b.MD', content: 'é' },
        { file_path: 'loras/a.md', content: 'a' },
      ],
    },
  ])
})

test('it gets the same pages that a server would find there itself, each once', async () => {
  using folder = catalog()
  const at = (...parts: string[]): string => join(folder.path, 'pages', ...parts)
  writeFileSync(at('long.markdown'), 'l')
  mkdirSync(at('node_modules'))
  writeFileSync(at('node_modules', 'readme.md'), 'n')
  symlinkSync('..', at('loras', 'around'))
  symlinkSync(at('loras', 'a.md'), at('same.md'))
  symlinkSync(join(folder.path, 'single.md'), at('out.md'))
  symlinkSync('nowhere', at('lost.md'))
  const [call] = await readPaths(['pages'], { cwd: folder.path, sharesDisk: false, signal })
  expect(call?.input.items).toEqual([
    { file_path: 'b.MD', content: 'é' },
    { file_path: 'long.markdown', content: 'l' },
    { file_path: 'loras/a.md', content: 'a' },
    { file_path: 'lost.md', unreadable: 'It is a symlink that leads nowhere: it does not exist' },
    { file_path: 'out.md', unreadable: 'It is a symlink that leads out of the catalog' },
    { file_path: 'same.md', content: 'a' },
  ])
})

test('a page that cannot be sent does not keep the others back', async () => {
  using folder = catalog()
  const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder.path, name), bytes)
  write('large.md', new Uint8Array(4 * 2 ** 20 + 1).fill(65))
  write('binary.md', Uint8Array.of(65, 0, 66))
  write('wide.md', Buffer.from('\ufeffwide', 'utf16le'))
  write('marked.md', Buffer.from('\ufeffmarked'))
  const typed = ['large.md', 'binary.md', 'wide.md', 'marked.md', 'single.md']
  const [call] = await readPaths(typed, { cwd: folder.path, sharesDisk: false, signal })
  expect(call?.input.items).toEqual([
    { file_path: 'large.md', unreadable: 'It has 4194305 bytes: no page of a catalog has more than 4194304' },
    { file_path: 'binary.md', unreadable: 'It is no text: binary content under the name of a page' },
    { file_path: 'wide.md', content: 'wide' },
    { file_path: 'marked.md', content: 'marked' },
    { file_path: 'single.md', content: 'e' },
  ])
})

test('nothing is no path', async () => {
  using folder = catalog()
  const error = await rejection(readPaths([''], { cwd: folder.path, sharesDisk: true, signal }))
  expect(error).toMatchObject({ code: 'invalid_input' })
})

test('texts are sent in calls that a server takes', async () => {
  using folder = catalog()
  for (const name of ['x', 'y', 'z']) writeFileSync(join(folder.path, `${name}.md`), name.repeat(2 * 2 ** 20))
  const calls = await readPaths(['x.md', 'y.md', 'z.md'], { cwd: folder.path, sharesDisk: false, signal })
  expect(calls.map(({ input }) => input.items?.map(({ file_path }) => file_path))).toEqual([['x.md', 'y.md'], ['z.md']])
})

test('names that lead out of here are names all the same', async () => {
  using folder = catalog()
  const calls = await readPaths(['../single.md', join(folder.path, 'single.md')], {
    cwd: join(folder.path, 'pages'),
    sharesDisk: false,
    signal,
  })
  const names = calls.flatMap(({ input }) => input.items?.map(({ file_path }) => file_path) ?? [])
  expect(names).toEqual(['single.md', join(folder.path, 'single.md').slice(1)])
})

test('what is not there is named', async () => {
  using folder = catalog()
  const error = await rejection(readPaths(['absent'], { cwd: folder.path, sharesDisk: true, signal }))
  expect(error).toMatchObject({ code: 'not_found', message: 'Cannot read absent' })
})
