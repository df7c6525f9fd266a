import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { DownloadProgress } from '../../src/download/request.ts'
import type { Conduct } from '../support/file-server.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)
const request = { expected: { sha256: SHA } }

interface State {
  size_bytes: number
  validators: Record<string, string>
  intervals: [number, number][]
  hash: { offset: number; state: string } | null
}
const stateOf = (target: string): State | undefined => {
  try {
    return JSON.parse(readFileSync(`${target}.part.json`, 'utf8'))
  } catch {
    return undefined
  }
}
const bytesIn = (state: State | undefined): number =>
  (state?.intervals ?? []).reduce((sum, [begin, end]) => sum + end - begin, 0)

/** A download that was cancelled in its middle, and what is there of it; the server answers as it should from now on. */
async function halfDone(conduct: Conduct = {}): Promise<{
  readonly target: string
  readonly server: Awaited<ReturnType<typeof serve>>
  behave(conduct: Conduct): void
}> {
  let how: Conduct = { stallAfter: 100 * KIB, ...conduct }
  const server = await serve(file, () => how)
  const target = newTarget()
  const cancel = new AbortController()
  const onProgress = ({ bytesDone }: DownloadProgress): void => {
    if (bytesDone >= 128 * KIB) cancel.abort()
  }
  const { signal } = cancel
  const ended = download({
    ...{ target, sources: [aSource(server.url)], request: { ...request, signal, onProgress }, maxRanges: 2 },
  })
  expect(await rejection(ended)).toMatchObject({ code: 'cancelled' })
  how = {}
  return {
    target,
    server,
    behave: (next) => {
      how = next
    },
  }
}

describe('after a cancel', () => {
  test('the part is there, under no final name, and nothing in its notes is secret', async () => {
    const { target, server } = await halfDone()
    expect(existsSync(target)).toBe(false)
    const names = readdirSync(dirname(target)).sort()
    expect(names).toEqual(['model.safetensors.part', 'model.safetensors.part.json'])
    const state = stateOf(target)
    expect(state).toMatchObject({ size_bytes: file.length, validators: { 'url:one': 'etag:"one"' } })
    expect(bytesIn(state)).toBeGreaterThan(0)
    expect(readFileSync(`${target}.part.json`, 'utf8')).not.toContain(server.host)
  })

  test('only what is missing is fetched', async () => {
    const { target, server } = await halfDone()
    const there = stateOf(target)?.intervals ?? []
    const before = there.map(([begin, end]) => server.sentOf(begin, end))
    const found = await download({ target, sources: [aSource(server.url)], request })
    expect(there.map(([begin, end]) => server.sentOf(begin, end))).toEqual(before)
    expect(found).toMatchObject({ sha256: SHA, fetchedBytes: file.length - bytesIn({ intervals: there } as State) })
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(readdirSync(dirname(target))).toEqual(['model.safetensors'])
  })

  test('another source goes on with it', async () => {
    const { target } = await halfDone()
    const done = bytesIn(stateOf(target))
    const other = await serve(file, () => ({ headers: { etag: '"other"' } }))
    const found = await download({ target, sources: [aSource(other.url, { id: 'url:two' })], request })
    expect(found).toMatchObject({ sha256: SHA, bytesBySource: { 'url:two': file.length - done } })
  })

  test('bytes that nobody vouches for are fetched again', async () => {
    const { target, server } = await halfDone()
    const state = stateOf(target)
    const end = state?.intervals.at(-1)?.[1] ?? 0
    const part = readFileSync(`${target}.part`)
    const tail = Buffer.alloc(50_000, 'never synced')
    writeFileSync(`${target}.part`, Buffer.concat([part.subarray(0, end), tail]))
    await download({ target, sources: [aSource(server.url)], request })
    expect(readFileSync(target).equals(file)).toBe(true)
  })

  test.each<readonly [name: string, harm: (target: string, behave: (conduct: Conduct) => void) => void]>([
    ['its notes are damaged', (target) => writeFileSync(`${target}.part.json`, '{"version":1,')],
    ['its notes are of a later version', (target) => rewrite(target, { version: 2 })],
    ['its notes are of another size', (target) => rewrite(target, { size_bytes: file.length - 1 })],
    [
      'its notes overlap',
      (target) =>
        rewrite(target, {
          intervals: [
            [0, 10],
            [5, 20],
          ],
        }),
    ],
    ['its notes reach beyond the file', (target) => rewrite(target, { intervals: [[0, file.length + 1]] })],
    ['it is shorter than its notes say', (target) => truncateSync(`${target}.part`, 10)],
    ['the file has another ETag by now', (_, behave) => behave({ headers: { etag: '"two"' } })],
    ['it was to become another file', (target) => rewrite(target, { sha256: LOW.sha256 })],
  ])('all is fetched anew where %s', async (_name, harm) => {
    const { target, server, behave } = await halfDone()
    harm(target, behave)
    const before = server.sentOf(0, 100)
    expect(await download({ target, sources: [aSource(server.url)], request })).toMatchObject({ sha256: SHA })
    expect(server.sentOf(0, 100)).toBe(before + 100)
    expect(readFileSync(target).equals(file)).toBe(true)
  })

  test('a saved hash that is none costs nothing but time', async () => {
    const { target, server } = await halfDone()
    const hash = { offset: 64 * KIB, state: Buffer.from('nonsense').toString('base64') }
    rewrite(target, { hash })
    expect(await download({ target, sources: [aSource(server.url)], request })).toMatchObject({
      ...{ sha256: SHA, hashedBy: 'native' },
    })
  })

  test('without ETag and without digest nothing tells that it is still the same file', async () => {
    const { target, server, behave } = await halfDone({ headers: { etag: undefined } })
    behave({ headers: { etag: undefined } })
    rewrite(target, { sha256: null })
    const before = server.sentOf(0, 100)
    await download({ target, sources: [aSource(server.url)] })
    expect(server.sentOf(0, 100)).toBe(before + 100)
  })

  test('a part that is whole is only verified', async () => {
    const { target, server } = await halfDone()
    writeFileSync(`${target}.part`, file)
    rewrite(target, { intervals: [[0, file.length]] })
    const requests = server.requests.length
    expect(await download({ target, sources: [aSource(server.url)], request })).toMatchObject({ fetchedBytes: 0 })
    expect(server.requests).toHaveLength(requests)
  })

  test('one of which no digest tells is confirmed by its last byte', async () => {
    const { target, server } = await halfDone()
    writeFileSync(`${target}.part`, file)
    rewrite(target, { intervals: [[0, file.length]], sha256: null })
    const sent = server.sentBytes()
    expect(await download({ target, sources: [aSource(server.url)] })).toMatchObject({ sha256: SHA })
    expect(server.sentBytes()).toBe(sent + 1)
  })
})

function rewrite(target: string, change: object): void {
  writeFileSync(`${target}.part.json`, JSON.stringify({ ...stateOf(target), ...change }))
}

test('a process that is killed loses what it had not synced, and no more', async () => {
  let how: Conduct = { stallAfter: 1_500_000 }
  const server = await serve(file, () => how)
  const target = newTarget()
  const program = join(import.meta.dir, 'download-child.ts')
  const child = Bun.spawn([process.execPath, program, target, server.url, SHA], { stdout: 'ignore', stderr: 'inherit' })
  // Only the notes on the disk tell what the other process has made durable.
  while (bytesIn(stateOf(target)) < 1_000_000) await pause(5)
  child.kill('SIGKILL')
  await child.exited
  const durable = stateOf(target)?.intervals ?? []
  const before = durable.map(([begin, end]) => server.sentOf(begin, end))
  how = {}
  const found = await download({ target, sources: [aSource(server.url)], request })
  expect(found).toMatchObject({ sha256: SHA, hashedBy: 'wasm' })
  expect(durable.map(([begin, end]) => server.sentOf(begin, end))).toEqual(before)
  expect(found.fetchedBytes).toBe(file.length - durable.reduce((sum, [begin, end]) => sum + end - begin, 0))
  expect(readFileSync(target).equals(file)).toBe(true)
  expect(readdirSync(dirname(target))).toEqual([basename(target)])
})

describe('who writes the part', () => {
  const own = (): string => `${hostname().replace(/\s/g, '_')} `
  test.each<readonly [name: string, mark: string, ageMs: number]>([
    ['a process that is gone', `${own()}999999 12345\n`, 0],
    ['an earlier process of the same number', `${own()}${process.ppid} 1\n`, 0],
    ['this process, which does not know of it', `${own()}${process.pid} 1\n`, 0],
    ['nobody: it was never written', '', 60_000],
    ['nobody, of late: it may be about to be written', '', 4_700],
  ])('a mark of %s is taken over', async (_name, mark, ageMs) => {
    const server = await serve(file)
    const target = newTarget()
    const lock = `${target}.part.lock`
    writeFileSync(lock, mark)
    const then = new Date(Date.now() - ageMs)
    utimesSync(lock, then, then)
    expect(await download({ target, sources: [aSource(server.url)], request })).toMatchObject({ sha256: SHA })
    expect(readdirSync(dirname(target))).toEqual([basename(target)])
  })
  test('a mark of a process that lives is respected', async () => {
    const server = await serve(file)
    const target = newTarget()
    const mark = `${own()}${process.ppid} ${startOf(process.ppid)}\n`
    writeFileSync(`${target}.part.lock`, mark)
    const ended = download({ target, sources: [aSource(server.url)], request, tuning: { lockWaitMs: 0 } })
    expect(await rejection(ended)).toMatchObject({ code: 'conflict' })
    expect(readFileSync(`${target}.part.lock`, 'utf8')).toBe(mark)
  })
  test('a link in its place is not followed', async () => {
    const server = await serve(file)
    const target = newTarget()
    const victim = newTarget('victim')
    writeFileSync(victim, 'mine')
    symlinkSync(victim, `${target}.part`)
    const error = await rejection(download({ target, sources: [aSource(server.url)], request }))
    expect(error).toMatchObject({ code: 'conflict' })
    expect(readFileSync(victim, 'utf8')).toBe('mine')
  })
})

const startOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? ''
