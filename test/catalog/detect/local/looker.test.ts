import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createFolderLooker } from '../../../../src/catalog/detect/local/looker.ts'
import { rejection } from '../../../support/rejection.ts'
import { tempDir } from '../../../support/temp-dir.ts'

const NOTHING = { shallow: [], anyOf: [], names: ['a.pt'], versions: [], models: [] }
const { signal } = new AbortController()

test('a disk that does not answer leaves its folders unknown', async () => {
  using dir = tempDir()
  const code = join(dir.path, 'worker.mjs')
  writeFileSync(
    code,
    `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', () => {})
    parentPort.postMessage({ kind: 'ready' })`,
  )
  const looker = createFolderLooker({ workerUrl: pathToFileURL(code), timeLimitMs: 1 })
  expect(await looker.look({ ...NOTHING, folders: [dir.path] }, signal)).toEqual({
    files: [],
    states: [[dir.path, 'unreadable', 'the disk did not answer within 0 s']],
    strangers: [],
  })
  const file = { path: '/a.pt', real: '/a.pt', sizeBytes: 1, modifiedUs: 1 }
  expect(await looker.heads([file], signal)).toEqual([null])
  await looker.close()
})

test('a thread that was ended is followed by another', async () => {
  using dir = tempDir()
  writeFileSync(join(dir.path, 'a.pt'), 'x')
  const looker = createFolderLooker()
  const look = () => looker.look({ ...NOTHING, folders: [dir.path] }, signal)
  const first = await look()
  expect(first.files.map(({ path }) => path)).toEqual([join(dir.path, 'a.pt')])
  await looker.close()
  expect(await look()).toEqual(first)
  const waiting = rejection(look())
  await looker.close()
  expect(await waiting).toMatchObject({ code: 'cancelled' })
})

test('whoever does not wait any more is let go', async () => {
  using dir = tempDir()
  const looker = createFolderLooker()
  const controller = new AbortController()
  const looking = rejection(looker.look({ ...NOTHING, folders: [dir.path] }, controller.signal))
  controller.abort(new Error('enough'))
  expect(await looking).toEqual(new Error('enough'))
  await looker.close()
})
