import { afterEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPageReader, type PageReader, type PageReaderOptions } from '../../../src/catalog/read/page-reader.ts'
import { pageText } from '../../support/catalog.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

const { signal } = new AbortController()
let open: PageReader[] = []
function aReader(options: Partial<PageReaderOptions> = {}): PageReader {
  const reader = createPageReader({ size: 2, ...options })
  open.push(reader)
  return reader
}
afterEach(async () => {
  await Promise.all(open.map((reader) => reader.close()))
  open = []
})

const CODE = 'civitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora'

test('many pages, in their order, with progress', async () => {
  const pages = Array.from({ length: 500 }, (_, at) => ({
    file_path: `${at}.md`,
    content: pageText(`AIR: urn:air:sdxl:lora:civitai:1@${at}`, CODE),
  }))
  const seen: number[] = []
  const reports = await aReader().read(pages, signal, (done) => seen.push(done))
  expect(reports.map(({ file_path, air }) => [file_path, air])).toEqual(
    pages.map(({ file_path }, at) => [file_path, `urn:air:sdxl:lora:civitai:1@${at}`]),
  )
  expect(reports.every(({ syntax_type }) => syntax_type === 'CIVITDL_WITH_AIR')).toBe(true)
  expect(seen.at(-1)).toBe(500)
  expect(seen.length).toBeGreaterThan(1)
})

test('several calls at once share the threads', async () => {
  const reader = aReader({ size: 1 })
  const one = (name: string) => reader.read([{ file_path: name, content: pageText('', CODE) }], signal)
  const all = await Promise.all(['a', 'b', 'c', 'd'].map(one))
  expect(all.flat().map(({ file_path }) => file_path)).toEqual(['a', 'b', 'c', 'd'])
})

test('files: what each of them is', async () => {
  using place = tempDir()
  const at = (name: string) => join(place.path, name)
  writeFileSync(at('good.md'), pageText('AIR: urn:air:sdxl:lora:civitai:1@2', CODE))
  writeFileSync(at('binary.md'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 1, 2]))
  writeFileSync(at('huge.md'), '')
  truncateSync(at('huge.md'), 50 * 2 ** 20)
  symlinkSync('good.md', at('link.md'))
  execFileSync('mkfifo', [at('pipe.md')])
  const names = ['good.md', 'binary.md', 'huge.md', 'link.md', 'pipe.md', 'gone.md']
  const reports = await aReader().read(
    names.map((name) => ({ file_path: name, path: at(name) })),
    signal,
  )
  expect(reports.map(({ syntax_type, reason }) => [syntax_type, reason])).toEqual([
    ['CIVITDL_WITH_AIR', undefined],
    ['INVALID', 'It is no text: binary content under the name of a page'],
    ['INVALID', 'It has 52428800 bytes: no page of a catalog has more than 4194304'],
    ['INVALID', 'It was replaced while it was read'],
    ['INVALID', 'It is no regular file'],
    ['INVALID', 'It cannot be read: it does not exist'],
  ])
})

describe('a thread that does not answer', () => {
  const slow = `
    const { parentPort, workerData } = require('node:worker_threads')
    parentPort.on('message', ({ id, input }) => {
      if (input.some(({ file_path }) => file_path === 'stuck')) return
      const output = JSON.stringify(input.map(({ file_path }) => ({ file_path, notes: [] })))
      parentPort.postMessage({ kind: 'done', id, output })
    })
    parentPort.postMessage({ kind: 'ready' })`

  test('costs the page alone that it stops at', async () => {
    using place = tempDir()
    writeFileSync(join(place.path, 'worker.cjs'), slow)
    const reader = aReader({ size: 1, workerUrl: new URL(`file://${place.path}/worker.cjs`), timeLimitMs: 300 })
    const pages = ['a', 'stuck', 'b'].map((file_path) => ({ file_path, content: '' }))
    const reports = await reader.read(pages, signal)
    expect(reports.map(({ file_path, syntax_type }) => [file_path, syntax_type as string | undefined])).toEqual([
      ['a', undefined],
      ['stuck', 'INVALID'],
      ['b', undefined],
    ])
  })

  test('a worker that is missing is an error', async () => {
    const reader = aReader({ workerUrl: new URL('file:///nonexistent/worker.ts') })
    expect(await rejection(reader.read([{ file_path: 'a', content: '' }], signal))).toMatchObject({ code: 'internal' })
  })
})

test('threads end when nothing is read, and start again', async () => {
  const reader = aReader({ idleMs: 1 })
  const page = { file_path: 'a', content: pageText('', CODE) }
  expect(await reader.read([page], signal)).toHaveLength(1)
  // Nothing tells that an idle thread has ended; where it has not yet, the test holds all the same.
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await reader.read([page], signal)).toHaveLength(1)
})

test('after its end it reads nothing', async () => {
  const reader = aReader()
  await reader.close()
  expect(await rejection(reader.read([{ file_path: 'a', content: '' }], signal))).toMatchObject({ code: 'cancelled' })
  expect(await rejection(aReader().read([{ file_path: 'a', content: '' }], AbortSignal.abort()))).toMatchObject({
    name: 'AbortError',
  })
})
