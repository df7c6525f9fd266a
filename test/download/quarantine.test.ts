import { describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { quarantine } from '../../src/download/quarantine.ts'
import { nameKind } from '../../src/models/scan/file-names.ts'
import { readFolder } from '../../src/models/scan/read-folder.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

function aPart(root: string, name: string, bytes: string): string {
  const path = join(root, name)
  writeFileSync(path, bytes)
  return path
}

describe('wrong bytes', () => {
  test('are moved where no scan looks, under a name that is none of a model', async () => {
    using root = tempDir()
    const path = await quarantine(aPart(root.path, 'foo.safetensors.part', 'wrong'), 'ab'.repeat(32))
    expect(path).toBe(join(root.path, '.airkeep-quarantine', 'foo.safetensors.abababababababab'))
    expect(readFileSync(path, 'utf8')).toBe('wrong')
    expect(readFolder(`${root.path}/`)).toMatchObject({ models: [], folders: [] })
    expect(nameKind(basename(path))).toBe('other')
  })

  test('of a folder the last three are kept, those of one name too', async () => {
    using root = tempDir()
    const kept = async (): Promise<string[]> => readdirSync(join(root.path, '.airkeep-quarantine')).sort()
    for (const [name, why, age] of [
      ['a.gguf', '1111', 400],
      ['a.gguf', '2222', 300],
      ['b.gguf', '3333', 200],
      ['c.gguf', '4444', 100],
    ] as const) {
      const path = await quarantine(aPart(root.path, `${name}.part`, why), why)
      const then = Date.now() / 1000 - age
      utimesSync(path, then, then)
    }
    expect(await kept()).toEqual(['a.gguf.2222', 'b.gguf.3333', 'c.gguf.4444'])
    await quarantine(aPart(root.path, 'd.gguf.part', ''), '5555')
    expect(await kept()).toEqual(['b.gguf.3333', 'c.gguf.4444', 'd.gguf.5555'])
    await quarantine(aPart(root.path, 'd.gguf.part', 'again'), '5555')
    expect(await kept()).toEqual(['b.gguf.3333', 'c.gguf.4444', 'd.gguf.5555'])
    await quarantine(aPart(root.path, 'd.gguf.part', 'others'), '6666')
    expect(await kept()).toEqual(['c.gguf.4444', 'd.gguf.5555', 'd.gguf.6666'])
  })

  test('of one name do not take each other away, and the same come once', async () => {
    using root = tempDir()
    for (const bytes of ['first', 'second', 'first', 'second']) {
      await quarantine(aPart(root.path, 'a.gguf.part', bytes), bytes)
    }
    const dir = join(root.path, '.airkeep-quarantine')
    expect(readdirSync(dir).sort()).toEqual(['a.gguf.first', 'a.gguf.second'])
    expect(readFileSync(join(dir, 'a.gguf.first'), 'utf8')).toBe('first')
  })

  test('a reason in words, or none, ends no name', async () => {
    using root = tempDir()
    for (const why of ['the header is cut', '../../../etc/x', '', 'ü'.repeat(10)]) {
      const path = await quarantine(aPart(root.path, 'foo.safetensors.part', 'wrong'), why)
      expect(dirname(path)).toBe(join(root.path, '.airkeep-quarantine'))
      expect(basename(path)).toMatch(/^foo\.safetensors\.q_[0-9a-z]{20}$/)
    }
  })

  test('the longest name fits', async () => {
    using root = tempDir()
    const path = await quarantine(aPart(root.path, `${'ü'.repeat(125)}.part`, 'wrong'), 'ab'.repeat(32))
    expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255)
    expect(basename(path)).not.toContain('\ufffd')
  })

  test('a link in the place of the folder is not followed', async () => {
    using root = tempDir()
    mkdirSync(join(root.path, 'elsewhere'))
    symlinkSync('elsewhere', join(root.path, '.airkeep-quarantine'))
    const part = aPart(root.path, 'foo.part', 'wrong')
    expect(await rejection(quarantine(part, 'abcd'))).toMatchObject({ code: 'conflict' })
    expect(readFileSync(part, 'utf8')).toBe('wrong')
  })

  test('a part that is gone', async () => {
    using root = tempDir()
    expect(await rejection(quarantine(join(root.path, 'foo.part'), 'abcd'))).toMatchObject({ code: 'not_found' })
  })
})
