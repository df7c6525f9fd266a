import { describe, expect, test } from 'bun:test'
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLeftParts } from '../../src/download/left-parts.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

function put(root: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), 'x')
  }
}

const partsIn = async (...roots: readonly string[]): Promise<string[]> => [
  ...(await createLeftParts(async () => roots).paths()),
]

describe('parts of earlier runs', () => {
  test('are found wherever models go, links included, each once', async () => {
    using dir = tempDir()
    using elsewhere = tempDir()
    const [root, far] = [realpathSync(dir.path), realpathSync(elsewhere.path)]
    put(
      root,
      'a.gguf.part',
      'a.gguf.part.json',
      'loras/deep/er/b.safetensors.part',
      'loras/deep/er/b.safetensors.part.json',
    )
    put(far, 'c.ckpt.part', 'c.ckpt.part.json')
    symlinkSync(far, join(root, 'far'))
    symlinkSync(root, join(far, 'back'))
    const parts = await partsIn(root, join(root, 'loras'), far, join(root, 'missing'))
    expect(parts.sort()).toEqual(
      [join(root, 'a.gguf.part'), join(root, 'loras/deep/er/b.safetensors.part'), join(far, 'c.ckpt.part')].sort(),
    )
  })

  test('those of other programs, folders and links of that name, and what is hidden are none', async () => {
    using dir = tempDir()
    put(
      dir.path,
      'firefox.part',
      'x.part.json',
      '.hidden/d.part',
      '.hidden/d.part.json',
      'folder.part/x',
      'link.part.json',
    )
    put(dir.path, 'folder.part.json')
    symlinkSync('nowhere', join(dir.path, 'link.part'))
    expect(await partsIn(dir.path)).toEqual([])
  })

  test('are looked for once; again where the folders could not be told', async () => {
    using dir = tempDir()
    put(dir.path, 'a.part', 'a.part.json')
    let asked = 0
    const left = createLeftParts(async () => {
      asked += 1
      if (asked === 1) throw new Error('not yet')
      return [dir.path]
    })
    expect(await rejection(left.paths())).toMatchObject({ message: 'not yet' })
    expect(await left.paths()).toHaveLength(1)
    rmSync(join(dir.path, 'a.part'))
    expect(await left.paths()).toHaveLength(1)
    expect(asked).toBe(2)
  })
})
