import { afterEach, beforeEach, expect, test } from 'bun:test'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPromisedNames, type PromisedNames } from '../../../src/models/fetch/promised-names.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

let dir: TempDir
let names: PromisedNames
beforeEach(() => {
  dir = tempDir()
  names = createPromisedNames()
})
afterEach(() => dir[Symbol.dispose]())

const claim = (name: string, isFree = false): Promise<string> => names.claim(dir.path, name, isFree)

test('two downloads never have one name', async () => {
  expect(await claim('ink.safetensors')).toBe(join(dir.path, 'ink.safetensors'))
  const second = await claim('ink.safetensors')
  expect(second).not.toBe(join(dir.path, 'ink.safetensors'))
  await names.letGo(second)
  expect(await claim('ink.safetensors', true)).toBe(second)
})

test('a part that is left is remembered until it is gone, and one that is done is forgotten', async () => {
  const [left, done] = [await claim('left.safetensors'), await claim('done.safetensors')]
  for (const path of [left, done]) writeFileSync(`${path}.part`, 'half')
  expect(names.parts()).toEqual([`${left}.part`, `${done}.part`])
  renameSync(`${done}.part`, done)
  for (const path of [left, done]) await names.letGo(path)
  expect(names.parts()).toEqual([`${left}.part`])
  rmSync(`${left}.part`)
  await names.forget(left)
  expect(names.parts()).toEqual([])
})

test('what another download has claimed since is not forgotten', async () => {
  const path = await claim('ink.safetensors')
  await names.letGo(path)
  await claim('ink.safetensors')
  await names.forget(path)
  expect(names.parts()).toEqual([`${path}.part`])
})
