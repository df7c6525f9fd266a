import { describe, expect, test } from 'bun:test'
import { closeSync, mkdirSync, openSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureOpened, openFlags } from '../../src/lib/exact-file.ts'
import { tempDir } from '../support/temp-dir.ts'

const REFUSED = expect.objectContaining({
  code: 'forbidden',
  message: 'The path is outside the folders that callers with a token may name',
})

describe.each([
  ['as Linux names what is open', undefined],
  ['where nothing names it', '/nonexistent'],
])('what was opened, %s', (_what, openFiles) => {
  test('is the file of that path', () => {
    using folder = tempDir()
    const path = join(folder.path, 'a file')
    writeFileSync(path, 'x')
    const fd = openSync(path, openFlags(true))
    ensureOpened(fd, path, openFiles)
    closeSync(fd)
  })

  test.each([
    ['another file', (dir: string) => join(dir, 'other')],
    ['what a folder leads to that is a symlink by now', (dir: string) => join(dir, 'linked/file')],
    ['a file that is gone', (dir: string) => join(dir, 'gone')],
  ])('is not %s', (_which, pathIn) => {
    using folder = tempDir()
    const dir = folder.path
    mkdirSync(join(dir, 'real'))
    symlinkSync(join(dir, 'real'), join(dir, 'linked'))
    writeFileSync(join(dir, 'real/file'), 'x')
    writeFileSync(join(dir, 'other'), 'x')
    const fd = openSync(join(dir, 'linked/file'), openFlags(true))
    expect(() => ensureOpened(fd, pathIn(dir), openFiles)).toThrow(REFUSED)
    closeSync(fd)
  })

  test('is not what was moved away since', () => {
    using folder = tempDir()
    const path = join(folder.path, 'file')
    writeFileSync(path, 'x')
    const fd = openSync(path, openFlags(true))
    renameSync(path, `${path}.moved`)
    expect(() => ensureOpened(fd, path, openFiles)).toThrow(REFUSED)
    closeSync(fd)
  })
})
