import { describe, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { nameState, placeFile } from '../../src/download/place.ts'
import { type PlaceFiles, placeFiles } from '../../src/download/place-files.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'
import { acrossFilesystems, Crash, dyingFiles, systemError, withFiles, withoutLinks } from './faulty-files.ts'

const BYTES = 'the whole model'

/** `models/foo.safetensors.part` with its bytes, and `other/foo.safetensors.part` as if on another filesystem. */
function aPart(root: string, folder: 'models' | 'other') {
  const models = join(root, 'models')
  mkdirSync(models)
  if (folder === 'other') mkdirSync(join(root, 'other'))
  const from = join(root, folder, 'foo.safetensors.part')
  writeFileSync(from, BYTES)
  return { from, target: join(models, 'foo.safetensors'), models }
}

interface Kind {
  readonly kind: string
  readonly folder: 'models' | 'other'
  readonly files: PlaceFiles
}

const isOther = (path: string): boolean => path.includes('/other/')

const kinds: readonly Kind[] = [
  { kind: 'links', folder: 'models', files: placeFiles },
  { kind: 'no links (EPERM)', folder: 'models', files: withoutLinks('EPERM') },
  { kind: 'no links (EOPNOTSUPP)', folder: 'models', files: withoutLinks('EOPNOTSUPP') },
  { kind: 'no links (ENOSYS)', folder: 'models', files: withoutLinks('ENOSYS') },
  { kind: 'another folder of the filesystem', folder: 'other', files: placeFiles },
  { kind: 'another filesystem', folder: 'other', files: acrossFilesystems(isOther) },
  { kind: 'another filesystem, to one without links', folder: 'other', files: acrossFilesystems(isOther, false) },
  {
    kind: 'another filesystem, found out by the rename',
    folder: 'other',
    files: withFiles({
      link: () => Promise.reject(systemError('EPERM')),
      rename: acrossFilesystems(isOther).rename,
    }),
  },
]

describe.each(kinds)('the final name: $kind', ({ folder, files }) => {
  test('the file gets it, and nothing else is left', async () => {
    using root = tempDir()
    const { from, target, models } = aPart(root.path, folder)
    await placeFile({ from, target }, files)
    expect(readFileSync(target, 'utf8')).toBe(BYTES)
    expect(readdirSync(models)).toEqual(['foo.safetensors'])
    expect(readdirSync(dirname(from))).not.toContain('foo.safetensors.part')
  })

  const taken: readonly [string, (target: string) => void][] = [
    ['a file', (target) => writeFileSync(target, 'of somebody else')],
    ['an empty file', (target) => writeFileSync(target, '')],
    ['a folder', (target) => mkdirSync(target)],
    ['a link that leads nowhere', (target) => symlinkSync('nowhere', target)],
  ]
  test.each(taken)('%s that has the name stays, and the part too', async (_what, take) => {
    using root = tempDir()
    const { from, target, models } = aPart(root.path, folder)
    take(target)
    const before = lstatSync(target)
    const names = readdirSync(models)
    const error = await rejection(placeFile({ from, target }, files))
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('foo.safetensors') })
    expect(lstatSync(target)).toMatchObject({ ino: before.ino, size: before.size, mtimeMs: before.mtimeMs })
    expect(readFileSync(from, 'utf8')).toBe(BYTES)
    expect(readdirSync(models)).toEqual(names)
  })

  test('what takes the name at the last moment stays', async () => {
    using root = tempDir()
    const { from, target } = aPart(root.path, folder)
    let taken = false
    const take = (path: string): void => {
      if (path === target && !taken) writeFileSync(target, 'of somebody else', { flag: 'wx' })
      taken ||= path === target
    }
    const racing: PlaceFiles = {
      ...files,
      async link(one, other) {
        const failed = await files.link(one, other).then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failed === undefined) return
        throw failed
      },
      create: async (path) => {
        take(path)
        return files.create(path)
      },
      copy: async (one, other, signal) => {
        await files.copy(one, other, signal)
        take(target)
      },
    }
    const ends = await Promise.allSettled([placeFile({ from, target }, racing)])
    if (taken) {
      expect(ends[0]).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
      expect(readFileSync(target, 'utf8')).toBe('of somebody else')
      expect(readFileSync(from, 'utf8')).toBe(BYTES)
    } else expect(readFileSync(target, 'utf8')).toBe(BYTES)
  })

  test('killed before any of its calls: never a part under the name, and the next one ends it', async () => {
    let last = 0
    for (let before = 0; ; before += 1) {
      using root = tempDir()
      const { from, target, models } = aPart(root.path, folder)
      const dying = dyingFiles(files, before)
      const end = await placeFile({ from, target }, dying.files).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (end === undefined) break
      expect(end).toBeInstanceOf(Crash)
      // Without links the name is taken by an empty file first; what has a byte has all of them.
      if (existsSync(target)) expect(['', BYTES]).toContain(readFileSync(target, 'utf8'))
      if (files === placeFiles && existsSync(target)) expect(readFileSync(target, 'utf8')).toBe(BYTES)
      if (existsSync(from)) {
        if (folder === 'models')
          expect(await nameState({ from, target })).toBe(
            !existsSync(target) ? 'free' : files === placeFiles ? 'linked' : 'reserved',
          )
        expect(readFileSync(from, 'utf8')).toBe(BYTES)
        for (const name of readdirSync(models)) {
          if (name.includes('.copy.')) utimesSync(join(models, name), 1, 1)
        }
        await placeFile({ from, target }, files)
        expect(readdirSync(models)).toEqual(['foo.safetensors'])
      }
      expect(readFileSync(target, 'utf8')).toBe(BYTES)
      last = before
    }
    expect(last).toBeGreaterThan(2)
  })
})

describe('the final name', () => {
  test('a call that got as far as the link is ended by the next one', async () => {
    using root = tempDir()
    const { from, target, models } = aPart(root.path, 'models')
    linkSync(from, target)
    await placeFile({ from, target })
    expect(readdirSync(models)).toEqual(['foo.safetensors'])
  })

  test('a name that something else has is not taken for ours', async () => {
    using root = tempDir()
    const { from, target } = aPart(root.path, 'models')
    expect(await nameState({ from, target })).toBe('free')
    symlinkSync('nowhere', target)
    expect(await nameState({ from, target })).toBe('other')
    unlinkSync(target)
    writeFileSync(target, '')
    expect(await nameState({ from, target })).toBe('other')
    unlinkSync(from)
    expect(await nameState({ from, target })).toBe('other')
  })

  test('of many at once one gets it', async () => {
    for (const files of [placeFiles, withoutLinks()]) {
      using root = tempDir()
      const target = join(root.path, 'foo.safetensors')
      const parts = Array.from({ length: 20 }, (_, index) => join(root.path, `${index}.part`))
      for (const part of parts) writeFileSync(part, part)
      const ends = await Promise.allSettled(parts.map((from) => placeFile({ from, target }, files)))
      const won = ends.findIndex(({ status }) => status === 'fulfilled')
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(readFileSync(target, 'utf8')).toBe(parts[won] ?? '')
      expect(readdirSync(root.path)).toHaveLength(20)
    }
  })

  test.each([
    ['EACCES', 'forbidden'],
    ['EROFS', 'forbidden'],
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['ENOENT', 'not_found'],
  ])('%s is %s, and names no folder', async (code, expected) => {
    using root = tempDir()
    const { from, target } = aPart(root.path, 'models')
    const error = await rejection(placeFile({ from, target }, withoutLinks(code)))
    expect(error).toMatchObject({ code: expected, message: expect.not.stringContaining(root.path) })
  })

  test('a rename that fails gives the name back', async () => {
    using root = tempDir()
    const { from, target, models } = aPart(root.path, 'models')
    const files = { ...withoutLinks(), rename: () => Promise.reject(systemError('EACCES')) }
    expect(await rejection(placeFile({ from, target }, files))).toMatchObject({ code: 'forbidden' })
    expect(readdirSync(models)).toEqual(['foo.safetensors.part'])
  })

  test('a filesystem that cannot sync a folder is none to fail for', async () => {
    using root = tempDir()
    const file = join(root.path, 'file')
    writeFileSync(file, '')
    expect(await rejection(placeFiles.sync(join(root.path, 'absent')))).toMatchObject({ code: 'ENOENT' })
    await placeFiles.sync('/proc/self')
  })

  test('a part that is gone, or is a link', async () => {
    using root = tempDir()
    const target = join(root.path, 'foo.safetensors')
    const from = join(root.path, 'foo.safetensors.part')
    expect(await rejection(placeFile({ from, target }))).toMatchObject({ code: 'not_found' })
    symlinkSync('/etc/hostname', from)
    expect(await rejection(placeFile({ from, target }))).toMatchObject({ code: 'conflict' })
  })

  test('a copy that is not wanted any more goes away', async () => {
    using root = tempDir()
    const { from, target, models } = aPart(root.path, 'other')
    const stop = new AbortController()
    const files = acrossFilesystems(isOther)
    const stopping: PlaceFiles = {
      ...files,
      copy(one, other, signal) {
        stop.abort(new Error('not any more'))
        return files.copy(one, other, signal)
      },
    }
    const error = await rejection(placeFile({ from, target, signal: stop.signal }, stopping))
    expect(error).toMatchObject({ message: 'not any more' })
    expect(readdirSync(models)).toEqual([])
    expect(readFileSync(from, 'utf8')).toBe(BYTES)
  })
})
