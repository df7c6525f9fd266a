import { describe, expect, test } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelType } from '../../../src/models/model-file.ts'
import { isWithin, joinRoots } from '../../../src/models/roots/join-roots.ts'
import { type Tree, testHost, testSearch } from './host.ts'

type Given = readonly (readonly [path: string, type?: ModelType])[]

async function joined(root: string, given: Given) {
  const search = testSearch()
  const candidates = given.map(([path, type]) => ({ path: join(root, path), type, layout: 'folder' as const }))
  const roots = await joinRoots(candidates, search.note)
  return { roots: roots.map(({ path, type }) => `${type ?? '-'}:${path.slice(root.length + 1)}`), notes: search.notes }
}

describe('roots within others', () => {
  const TREE: Tree = { 'm/loras/': '', 'm/loras/sub/': '', 'm/stuff/': '', 'm/stuff/deep/': '', 'other/': '' }
  const CASES: readonly (readonly [name: string, given: Given, roots: readonly string[]])[] = [
    ['adds nothing', [['m'], ['m/loras', 'lora']], ['-:m']],
    ['adds nothing further down', [['m'], ['m/loras/sub', 'lora']], ['-:m']],
    ['adds nothing without a type', [['m'], ['m/stuff']], ['-:m']],
    ['adds a type', [['m'], ['m/stuff', 'lora']], ['lora:m/stuff', '-:m']],
    ['has another type', [['m'], ['m/loras', 'vae']], ['vae:m/loras', '-:m']],
    [
      'is of the type around it',
      [
        ['m/stuff', 'lora'],
        ['m/stuff/deep', 'lora'],
      ],
      ['lora:m/stuff'],
    ],
    [
      'is of another type than around it',
      [
        ['m/stuff', 'lora'],
        ['m/stuff/deep', 'vae'],
      ],
      ['vae:m/stuff/deep', 'lora:m/stuff'],
    ],
    ['is judged by what stays', [['m'], ['m/loras', 'lora'], ['m/loras/sub', 'vae']], ['vae:m/loras/sub', '-:m']],
    ['has folders of types in one type', [['m'], ['', 'checkpoint']], ['-:m', 'checkpoint:']],
    ['stands apart', [['other'], ['m/stuff', 'lora'], ['m/loras']], ['lora:m/stuff', '-:other', '-:m/loras']],
    ['is not there', [['m'], ['m/none', 'lora']], ['-:m']],
    [
      'comes twice',
      [
        ['m/stuff', 'lora'],
        ['m/stuff', 'lora'],
      ],
      ['lora:m/stuff'],
    ],
    ['is taken whole and as one type', [['m', 'lora'], ['m']], ['-:m']],
    ['is taken as one type and whole', [['m'], ['m', 'lora']], ['-:m']],
  ]
  test.each(CASES)('%s', async (_, given, roots) => {
    using host = testHost(TREE)
    expect(await joined(host.path, given)).toEqual({ roots: [...roots], notes: [] })
  })

  test('a folder for two types counts as the first, and that is told', async () => {
    using host = testHost(TREE)
    const { roots, notes } = await joined(host.path, [
      ['m/stuff', 'lora'],
      ['m/stuff', 'vae'],
    ])
    expect(roots).toEqual(['lora:m/stuff'])
    expect(notes).toEqual([
      `${join(host.path, 'm/stuff')} is a folder for lora and for vae; files there count as lora.`,
    ])
  })

  test('links are seen through, and the path stays as it was named', async () => {
    using host = testHost({ 'data/loras/': '', 'data/odd/': '', 'ui/': '' })
    symlinkSync(join(host.path, 'data'), join(host.path, 'ui/models'))
    symlinkSync(join(host.path, 'data/odd'), join(host.path, 'ui/linked'))
    const { roots } = await joined(host.path, [['ui/models'], ['data/loras', 'lora'], ['ui/linked', 'vae'], ['data']])
    expect(roots).toEqual(['vae:ui/linked', '-:ui/models'])
  })
})

test('a folder is within another by its parts', () => {
  expect(isWithin('/a/b', '/a')).toBe(true)
  expect(isWithin('/ab', '/a')).toBe(false)
  expect(isWithin('/a', '/a')).toBe(false)
  expect(isWithin('/a', '/')).toBe(true)
})
