import { expect, test } from 'bun:test'
import { planFolders } from '../../../src/catalog/ssh/remote-folders.ts'

const shown = (folders: readonly string[]): string[] =>
  planFolders(folders)
    .wishes.map(({ folder, depth }) => `${folder} ${depth}`)
    .toSorted()

test.each<[string, string[], string[]]>([
  ['each once', ['models', 'models/', './models', 'models//'], ['models 10']],
  ['none within another', ['models/Lora', 'models', 'models/Lora/style', 'modelsb'], ['models 10', 'modelsb 10']],
  ['the home without its folders', ['', '.', 'models'], ['. 1', 'models 10']],
  [
    'the top of the file system without its folders',
    ['/', '/workspace', '//data', '/data/loras'],
    ['/ 1', '/data 1', '/data/loras 10', '/workspace 1'],
  ],
  ["one's home without its folders", ['~', '~/', '~/models'], ['~ 1', '~/models 10']],
  [
    'names that would be options or shell',
    ['-rf', '$(reboot)', '`x`', 'a\nb', '*'],
    ['$(reboot) 10', '* 10', '-rf 10', '`x` 10', 'a\nb 10'],
  ],
])('%s', (_, folders, plan) => {
  expect(shown(folders)).toEqual(plan)
})

test('a folder of models at the top of the file system is looked through where it is known to be one', () => {
  const { wishes } = planFolders(['/loras', '/loras/style', '/'], (folder) => folder === '/')
  expect(wishes).toEqual([
    { folder: '/loras', depth: 10 },
    { folder: '/', depth: 1 },
  ])
})

test.each([
  ['../etc'],
  ['models/../../etc'],
  ['/a/../etc'],
  ['/proc'],
  ['/proc/self'],
  ['//sys/x'],
  ['/dev/'],
  ['~other/models'],
  ['a\0b'],
  ['x/'.repeat(3000)],
])('refused: %j', (folder) => {
  const { wishes, refused } = planFolders([folder])
  expect(wishes).toEqual([])
  expect(refused.get(folder)).toBeString()
})
