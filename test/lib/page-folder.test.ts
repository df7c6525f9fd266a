import { describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { locatePage } from '../../src/catalog/locate-page.ts'
import { listPages } from '../../src/lib/page-folder.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

const { signal } = new AbortController()

function put(root: string, ...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), path)
  }
}

test('pages of all folders in order, and nothing else', async () => {
  using catalog = tempDir()
  put(
    catalog.path,
    'b.md',
    'a/z.MD',
    'a/y.markdown',
    'a/b.txt',
    '.git/x.md',
    'node_modules/p/x.md',
    'a/.hidden.md',
    'c.md/d.md',
  )
  const { pages, notes } = await listPages(catalog.path, signal)
  expect(pages.map(({ file_path }) => file_path)).toEqual(['a/y.markdown', 'a/z.MD', 'b.md', 'c.md/d.md'])
  expect(pages[0]?.path).toBe(join(catalog.path, 'a/y.markdown'))
  expect(notes).toEqual([])
})

test('links inside are followed once; those that lead out, nowhere or in a circle say so', async () => {
  using catalog = tempDir()
  using other = tempDir()
  put(catalog.path, 'a/one.md', 'a/deep/two.md')
  put(other.path, 'secret.md')
  const link = (to: string, at: string) => symlinkSync(to, join(catalog.path, at))
  link('..', 'a/up')
  link('a', 'b')
  link('a/one.md', 'linked.md')
  link(join(other.path, 'secret.md'), 'out.md')
  link(other.path, 'outside')
  link('nowhere', 'gone.md')
  link('self.md', 'self.md')
  const { pages, notes } = await listPages(catalog.path, signal)
  expect(
    pages.filter(({ fault }) => fault === undefined).map(({ file_path }) => file_path.replace(/^[ab]\//, '')),
  ).toEqual(expect.arrayContaining(['one.md', 'deep/two.md', 'linked.md']))
  expect(pages.filter(({ fault }) => fault !== undefined)).toEqual([
    { file_path: 'gone.md', fault: 'It is a symlink that leads nowhere: it does not exist' },
    { file_path: 'out.md', fault: 'It is a symlink that leads out of the catalog' },
    { file_path: 'self.md', fault: 'It is a symlink that leads nowhere: it leads to itself' },
  ])
  expect(pages).toHaveLength(6)
  expect(notes).toEqual([])
})

test('a FIFO under the name of a page is not opened', async () => {
  using catalog = tempDir()
  execFileSync('mkfifo', [join(catalog.path, 'pipe.md')])
  const { pages } = await listPages(catalog.path, signal)
  expect(pages).toEqual([{ file_path: 'pipe.md', fault: 'It is no regular file' }])
  expect(await rejection(locatePage('pipe.md', [catalog.path]))).toMatchObject({
    message: 'pipe.md is no regular file',
  })
})

test('a folder that cannot be looked into is named, and takes no other along', async () => {
  using catalog = tempDir()
  put(catalog.path, `${'d/'.repeat(66)}a.md`, 'b.md')
  const { pages, notes } = await listPages(catalog.path, signal)
  expect(pages).toHaveLength(1)
  expect(notes).toEqual([`the folder ${'d/'.repeat(64)}d cannot be read: it lies too deep`])
})

test('it stops when it is told to', async () => {
  using catalog = tempDir()
  expect(await rejection(listPages(catalog.path, AbortSignal.abort()))).toMatchObject({ name: 'AbortError' })
})

describe('a page that somebody names', () => {
  test('is found by its path, by that of its category, and by its full path', async () => {
    using catalog = tempDir()
    put(catalog.path, 'a/one.md', 'LoRAs/loras/two.md', 'ADetailer/adetailer/three.md')
    const find = (path: string) => locatePage(path, ['/nonexistent', catalog.path])
    expect(await find('a/one.md')).toBe(join(catalog.path, 'a/one.md'))
    expect(await find('./a//one.md')).toBe(join(catalog.path, 'a/one.md'))
    expect(await find('loras/two.md')).toBe(join(catalog.path, 'LoRAs/loras/two.md'))
    expect(await find('adetailers/three.md')).toBe(join(catalog.path, 'ADetailer/adetailer/three.md'))
    expect(await find(join(catalog.path, 'a/one.md'))).toBe(join(catalog.path, 'a/one.md'))
  })

  test('never outside', async () => {
    using catalog = tempDir()
    using other = tempDir()
    put(catalog.path, 'a/one.md')
    put(other.path, 'secret.md')
    symlinkSync(other.path, join(catalog.path, 'out'))
    const outside = { code: 'invalid_input', message: 'file_path leads out of the catalog' }
    const paths = ['../x.md', 'a/../../x.md', 'a/../a/one.md', '..\\x.md', 'out/secret.md', '/etc/passwd.md']
    for (const path of [...paths, join(other.path, 'secret.md'), join(other.path, 'nothing.md')]) {
      expect({ path, error: await rejection(locatePage(path, [catalog.path])) }).toMatchObject({ path, error: outside })
    }
    expect(await rejection(locatePage('a/none.md', [catalog.path]))).toMatchObject({ code: 'not_found' })
    expect(await rejection(locatePage('a/one.txt', [catalog.path]))).toMatchObject({ code: 'invalid_input' })
    expect(await rejection(locatePage(`${'a'.repeat(5000)}.md`, [catalog.path]))).toMatchObject({
      code: 'invalid_input',
    })
  })
})
