import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { filesBelow, mayHaveSidecar } from '../../src/cli/folder-files.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
beforeEach(() => {
  folder = tempDir()
})
afterEach(() => folder[Symbol.dispose]())

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true })
    writeFileSync(join(folder.path, name), '')
  }
}
async function found(): Promise<string[]> {
  const { files, unreadable } = await filesBelow(folder.path)
  expect(unreadable).toEqual([])
  return files.map((path) => relative(folder.path, path))
}

test('what may hold a prompt, in folders below too, by name', async () => {
  put(
    'b.PNG',
    'a/c.jpeg',
    'a/deep/d.mp4',
    'notes.txt',
    'e.webm',
    'flow.json',
    'f.latent',
    'g.exe',
    'h',
    'i.safetensors',
  )
  expect(await found()).toEqual(['a/c.jpeg', 'a/deep/d.mp4', 'b.PNG', 'e.webm', 'f.latent', 'flow.json', 'notes.txt'])
})

test('hidden files and folders are left out', async () => {
  put('.a.png', '.thumbnails/b.png', 'c.png')
  expect(await found()).toEqual(['c.png'])
})

describe('files beside a picture are read with it', () => {
  test.each([
    ['a.png', 'a.txt'],
    ['a.PNG', 'a.txt'],
    ['a.heic', 'a.json'],
    ['a.mkv', 'a.swarm.json'],
    ['a.jpg', 'a.jpg.json'],
    ['a.b.webp', 'a.b.txt'],
  ])('%s and %s', async (media, beside) => {
    put(media, beside)
    expect(await found()).toEqual([media])
  })
  test('and those of a sound are not', async () => {
    put('a.mp3', 'a.txt', 'b.txt')
    expect(await found()).toEqual(['a.mp3', 'a.txt', 'b.txt'])
    expect([mayHaveSidecar('a.mp3'), mayHaveSidecar('a.WEBP')]).toEqual([false, true])
  })
})

test('symlinks are followed, and no folder is gone through twice', async () => {
  put('a/one.png', 'b/two.png')
  symlinkSync('a/one.png', join(folder.path, 'link.png'))
  symlinkSync('nowhere.png', join(folder.path, 'dangling.png'))
  symlinkSync('.', join(folder.path, 'loop'))
  symlinkSync('../b', join(folder.path, 'a/b'))
  const files = await found()
  expect(files).toHaveLength(3)
  expect(files.filter((path) => path.endsWith('two.png'))).toHaveLength(1)
  expect(files).toContain('link.png')
})

test('a folder that may not be read is told, and the others are gone through', async () => {
  put('shut/one.png', 'two.png')
  chmodSync(join(folder.path, 'shut'), 0)
  chmodSync(folder.path, 0o755)
  // Root may read everything, so it steps down for this.
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65_534)
  try {
    const { files, unreadable } = await filesBelow(folder.path)
    expect(files).toEqual([join(folder.path, 'two.png')])
    expect(unreadable).toMatchObject([{ path: join(folder.path, 'shut'), error: { code: 'forbidden' } }])
  } finally {
    if (root) process.seteuid?.(0)
    chmodSync(join(folder.path, 'shut'), 0o700)
  }
})
