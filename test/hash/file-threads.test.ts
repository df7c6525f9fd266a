import { afterEach, expect, test } from 'bun:test'
import { createFileThreads } from '../../src/hash/file-threads.ts'
import { type HashThread, startHashThread } from '../../src/hash/thread.ts'
import { failureOf } from './outcome.ts'

const started: HashThread[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((thread) => thread.end()))
})

function threads(size: number, worker: string) {
  return createFileThreads(size, () => {
    const thread = startHashThread(new URL(worker, import.meta.url))
    started.push(thread)
    return thread
  })
}

const ask = (path: string) => async (thread: HashThread) =>
  (await thread.call('file', { path, exact: false, engine: 'native', turns: undefined, progress: false }))
    .sha256 as string

test('none is started before there is work, and no more than there is work for', async () => {
  const some = threads(3, './faulty-worker.ts')
  expect(started).toHaveLength(0)
  for (const path of ['a', 'b', 'c']) expect(await some.run(ask(path), undefined)).toBe(path)
  expect(started).toHaveLength(1)
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((path) => some.run(ask(path), undefined)))
  expect(started).toHaveLength(3)
})

test('one that died while idle is replaced, not used', async () => {
  const one = threads(1, './faulty-worker.ts')
  await one.run(ask('a'), undefined)
  await started[0]?.end()
  expect(await one.run(ask('b'), undefined)).toBe('b')
  expect(started).toHaveLength(2)
})

test('those that cannot start are not started once for each call that waits', async () => {
  const none = threads(2, './missing.ts')
  const calls = Array.from({ length: 20 }, () => failureOf(none.run(ask('a'), undefined)))
  for (const { code } of await Promise.all(calls)) expect(code).toBe('internal')
  expect(started).toHaveLength(2)
})

test('a call after the close starts none', async () => {
  const closed = threads(2, './faulty-worker.ts')
  await closed.close()
  expect((await failureOf(closed.run(ask('a'), undefined))).code).toBe('cancelled')
  expect(started).toHaveLength(0)
})
