import { afterEach, beforeEach, expect, test } from 'bun:test'
import { linkSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { forgetGone } from '../../../src/models/library/gone.ts'
import { modelNamesTable } from '../../../src/models/table.ts'
import { aModelFile } from '../../support/model-files.ts'
import { type ModelHost, openModels } from '../../support/models.ts'

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const foundBy = async (name: string): Promise<string[]> =>
  (await host.models.finder.findByName(name)).map(
    ({ path, matchedBy }) => `${path.slice(host.root.length)} ${matchedBy}`,
  )
const names = async (): Promise<string[]> =>
  (await host.db.read.select().from(modelNamesTable)).map(({ stemKey }) => stemKey)

test('links and hard links are names of a file for as long as they are there', async () => {
  const { path } = aModelFile(host.root, 'loras/a.safetensors', 1)
  mkdirSync(join(host.root, 'loras/more'))
  symlinkSync(path, join(host.root, 'loras/Link.safetensors'))
  linkSync(path, join(host.root, 'loras/more/hard.safetensors'))
  symlinkSync(path, join(host.root, 'loras/more/a.safetensors'))
  await host.run('scan_models', {})
  for (const name of ['link', 'more/hard', 'a']) expect(await foundBy(name)).toHaveLength(1)
  expect((await names()).toSorted()).toEqual(['hard', 'link'])

  rmSync(join(host.root, 'loras/Link.safetensors'))
  await host.run('scan_models', {})
  expect(await foundBy('link')).toEqual([])
  expect(await names()).toEqual(['hard'])
})

test('what is forgotten has no names', async () => {
  const { path } = aModelFile(host.root, 'loras/a.safetensors', 1)
  symlinkSync(path, join(host.root, 'loras/link.safetensors'))
  await host.run('scan_models', {})
  for (const name of ['a', 'link']) rmSync(join(host.root, `loras/${name}.safetensors`))
  await host.run('scan_models', {})
  expect(await foundBy('link')).toEqual([])
  const later = { now: () => host.clock.now() + 31 * 86_400_000 }
  await forgetGone({ db: host.db, clock: later, instanceId: () => 'here' })
  expect(await names()).toEqual([])
})

test('copies that were joined are found by each name', async () => {
  for (const name of ['a', 'b']) aModelFile(host.root, `loras/${name}.safetensors`, 1)
  await host.run('scan_models', {})
  await host.invoke('link_duplicates', {})
  const paths = async (name: string): Promise<string[]> =>
    (await host.models.finder.findByName(name)).map(({ path }) => path)
  expect(await paths('a')).toHaveLength(1)
  expect(await paths('b')).toEqual(await paths('a'))
})
