import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closedFiles } from '../../../src/models/library/closed-files.ts'
import { type ModelHost, openModels } from '../../support/models.ts'

const toRoot = (path: string) => ({ path, type: undefined, layout: 'folder' as const })

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

test('the files of the program are closed, and those of a model folder among them are not', async () => {
  const data = join(host.dir, 'data')
  const models = join(data, 'models')
  mkdirSync(models, { recursive: true })
  const link = join(host.dir, 'link')
  symlinkSync(data, link)
  const isClosed = await closedFiles([link, join(host.dir, 'token.txt')], [toRoot(models), toRoot(host.root)])
  const cases = [
    [join(data, 'airkeep.db'), host.root],
    [join(data, 'airkeep.db'), models],
    [join(models, 'a.onnx'), host.root],
    [join(models, 'a.onnx'), models],
    [join(host.dir, 'token.txt'), host.root],
    [join(host.dir, 'token.txt.onnx'), host.root],
    [join(host.dir, 'database/a.onnx'), host.root],
  ] as const
  expect(cases.map(([path, root]) => isClosed({ path, root }))).toEqual([true, true, true, false, true, false, false])
})

test('a link to one of them is no model', async () => {
  const data = join(host.dir, 'data')
  mkdirSync(data)
  for (const name of ['ledger.db', 'open.onnx']) writeFileSync(join(data, name), Buffer.alloc(5000, 0xd7))
  const other = await openModels({ closed: async () => [join(data, 'ledger.db')] })
  try {
    symlinkSync(join(data, 'ledger.db'), join(other.root, 'ledger.onnx'))
    symlinkSync(join(data, 'open.onnx'), join(other.root, 'open.onnx'))
    await other.run('scan_models', {})
    const listed = await other.invoke('list_models', {})
    expect(listed['items']).toMatchObject([{ filename: 'open.onnx', state: 'ok' }])
  } finally {
    await other.close()
  }
})
