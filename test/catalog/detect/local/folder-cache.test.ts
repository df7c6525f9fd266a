import { describe, expect, test } from 'bun:test'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolderCache, type FolderCache } from '../../../../src/catalog/detect/local/folder-cache.ts'
import { tempDir } from '../../../support/temp-dir.ts'

/** Long after everything that a test does. */
const later = (): number => Date.now() + 60_000
const placesOf = (cache: FolderCache, name: string): readonly string[] =>
  cache.names.byName(name).map((entry) => join(entry.folder, entry.name))

describe('listings of folders', () => {
  test('are kept as long as nothing in them comes or goes', () => {
    using dir = tempDir()
    writeFileSync(join(dir.path, 'a.safetensors'), 'x')
    const cache = createFolderCache(later)
    const listed = cache.read(dir.path)
    expect(cache.read(dir.path)).toBe(listed)
    expect(placesOf(cache, 'a.safetensors')).toEqual([join(dir.path, 'a.safetensors')])

    renameSync(join(dir.path, 'a.safetensors'), join(dir.path, 'b-mid_1-vid_2.safetensors.part'))
    expect(cache.read(dir.path).names).toEqual(['b-mid_1-vid_2.safetensors.part'])
    expect(placesOf(cache, 'a.safetensors')).toEqual([])
    const part = join(dir.path, 'b-mid_1-vid_2.safetensors.part')
    expect(placesOf(cache, 'b-mid_1-vid_2.safetensors')).toEqual([part])
    expect(cache.names.byVersion(2)).toEqual([{ folder: dir.path, name: 'b-mid_1-vid_2.safetensors.part' }])
    expect(cache.names.byModel(1)).toHaveLength(1)
  })

  test('are read again where they changed shortly before', () => {
    using dir = tempDir()
    const cache = createFolderCache()
    const listed = cache.read(dir.path)
    expect(cache.read(dir.path)).not.toBe(listed)
  })

  test('are forgotten with their folder, and not with others that have the same names', () => {
    using dir = tempDir()
    const [one, other] = ['one', 'other'].map((name) => join(dir.path, name)) as [string, string]
    for (const folder of [one, other]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'x-mid_1-vid_2.safetensors'), 'x')
    }
    const cache = createFolderCache(later)
    for (const folder of [one, other]) cache.read(folder)
    expect(cache.names.byVersion(2)).toHaveLength(2)
    rmSync(one, { recursive: true })
    expect(() => cache.read(one)).toThrow()
    expect(cache.names.byVersion(2).map(({ folder }) => folder)).toEqual([other])
    rmSync(other, { recursive: true })
    expect(() => cache.read(other)).toThrow()
    expect(cache.names.byVersion(2)).toEqual([])
  })

  test('are another when another folder has taken the name', () => {
    using dir = tempDir()
    const [folder, other] = ['folder', 'other'].map((name) => join(dir.path, name)) as [string, string]
    mkdirSync(folder)
    mkdirSync(other)
    writeFileSync(join(other, 'new.pt'), 'x')
    const cache = createFolderCache(later)
    expect(cache.read(folder).names).toEqual([])
    rmSync(folder, { recursive: true })
    renameSync(other, folder)
    expect(cache.read(folder).names).toEqual(['new.pt'])
  })

  test('leave out hidden folders, but those in which programs still write', () => {
    using dir = tempDir()
    const folders = [
      '.git',
      '.tmp',
      '.cache/huggingface/download/vae',
      '.cache/other',
      'extra_data-vid_2',
      'models--a--b/blobs',
    ]
    for (const folder of folders) mkdirSync(join(dir.path, folder), { recursive: true })
    const cache = createFolderCache(later)
    const below = (path: string): string[] =>
      cache
        .read(join(dir.path, path))
        .folders.map(({ name }) => name)
        .toSorted()
    expect(below('')).toEqual(['.cache', '.tmp', 'models--a--b'])
    expect(below('.cache')).toEqual(['huggingface'])
    expect(below('.cache/huggingface')).toEqual(['download'])
    expect(below('.cache/huggingface/download')).toEqual(['vae'])
    expect(below('models--a--b')).toEqual([])
  })
})
