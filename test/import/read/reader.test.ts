import { afterEach, describe, expect, test } from 'bun:test'
import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { createPromptReader, type PromptReader, type PromptReaderOptions } from '../../../src/import/read/reader.ts'
import { DEFAULT_LIMITS } from '../../../src/media/container.ts'
import { aPng } from '../../support/build.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

const INFOTEXT = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1, Size: 8x8, Model: harborMix_v2'

let open: PromptReader[] = []
function aReader(options: Partial<PromptReaderOptions> = {}): PromptReader {
  const reader = createPromptReader({ size: 2, limits: DEFAULT_LIMITS, ...options })
  open.push(reader)
  return reader
}
afterEach(async () => {
  await Promise.all(open.map((reader) => reader.close()))
  open = []
})

const ofText = (text: string) => ({
  from: { kind: 'texts' as const, texts: [{ place: 'payload', key: '', text }] },
  format: 'auto',
})

test('reads files, bytes and texts, and says what they are', async () => {
  using place = tempDir()
  const path = join(place.path, 'a.jpg')
  const png = aPng({ text: { parameters: INFOTEXT } })
  writeFileSync(path, png)
  const fd = openSync(path, 'r')
  const reader = aReader()
  const file = { kind: 'file' as const, fd, sizeBytes: fstatSync(fd).size }
  const [ofFile, ofBytes, text] = await Promise.all([
    reader.read({ from: file, format: 'auto' }),
    reader.read({ from: { kind: 'bytes', bytes: png }, format: 'auto', keepTexts: true, placePrefix: 'here:' }),
    reader.read(ofText(INFOTEXT)),
  ])
  closeSync(fd)
  expect(ofFile).toMatchObject({ container: 'png', media: 'image', damage: [], c2pa: false })
  expect(ofFile.prompt.sources).toMatchObject([{ place: 'png:tEXt:parameters', format: 'a1111' }])
  expect(ofFile.texts).toBeUndefined()
  expect(ofBytes.texts).toEqual([{ place: 'here:png:tEXt:parameters', key: 'parameters', text: INFOTEXT }])
  expect(text.prompt.dependencies.map(({ name }) => name)).toEqual(['harborMix_v2', 'ink'])
  expect(text).toMatchObject({ container: 'texts' })
})

test('long texts that are kept are packed, and are read so', async () => {
  const png = aPng({
    text: { parameters: `${'a pier, '.repeat(50_000)}\nSteps: 20, Sampler: Euler, Model: harborMix_v2` },
  })
  const reader = aReader()
  const { texts = [] } = await reader.read({ from: { kind: 'bytes', bytes: png }, format: 'auto', keepTexts: true })
  expect(JSON.stringify(texts).length).toBeLessThan(20_000)
  const again = await reader.read({ from: { kind: 'texts', texts }, format: 'auto' })
  expect(again.prompt.dependencies.map(({ name }) => name)).toEqual(['harborMix_v2'])
})

test('answers many in the order of their calls, each with its own', async () => {
  const reader = aReader()
  const readings = await Promise.all(
    Array.from({ length: 200 }, (_, at) => reader.read(ofText(INFOTEXT.replace('harborMix_v2', `model-${at}`)))),
  )
  expect(readings.map(({ prompt }) => prompt.dependencies[0]?.name)).toEqual(
    Array.from({ length: 200 }, (_, at) => `model-${at}`),
  )
})

describe('one that fails takes no other along', () => {
  test('a format that is not known', async () => {
    const reader = aReader({ size: 1 })
    const [good, bad, other] = [ofText(INFOTEXT), { ...ofText(INFOTEXT), format: 'unheard of' }, ofText(INFOTEXT)].map(
      (request) => reader.read(request),
    )
    expect(await rejection(bad as Promise<unknown>)).toMatchObject({ code: 'invalid_input' })
    expect((await good)?.prompt.format).toBe('a1111')
    expect((await other)?.prompt.format).toBe('a1111')
  })
  test('a file that was closed', async () => {
    const reader = aReader({ size: 1 })
    const gone = reader.read({ from: { kind: 'file', fd: 1_000_000, sizeBytes: 100 }, format: 'auto' })
    const good = reader.read(ofText(INFOTEXT))
    expect(await rejection(gone)).toMatchObject({ code: 'internal' })
    expect((await good).prompt.format).toBe('a1111')
  })
})

describe('a worker', () => {
  const worker = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const SETUP = `
    import { parentPort } from 'node:worker_threads'
    parentPort.postMessage({ kind: 'ready' })`

  test('that never answers is ended, and says which one it was', async () => {
    const stuck = worker(`${SETUP}
      parentPort.on('message', ({ id, name, input }) => {
        if (name === 'read' && !input.requests.some(({ format }) => format === 'slow'))
          parentPort.postMessage({ kind: 'done', id, output: JSON.stringify(input.requests.map(() => ({ reading: { container: 'ok' } }))) })
        else for (;;) {}
      })`)
    const reader = aReader({ size: 1, workerUrl: stuck, timeLimitMs: 300 })
    const slow = reader.read({ ...ofText('x'), format: 'slow' })
    const fast = reader.read(ofText('x'))
    expect(await rejection(slow)).toMatchObject({ code: 'invalid_input' })
    expect(await fast).toMatchObject({ container: 'ok' })
    expect(await reader.read(ofText('y'))).toMatchObject({ container: 'ok' })
  })
  test('has its whole time for each message, however long the one before it took', async () => {
    const busy = worker(`${SETUP}
      parentPort.on('message', ({ id, name, input }) => {
        if (name === 'read') Bun.sleepSync(1000)
        parentPort.postMessage({ kind: 'done', id, output: JSON.stringify((input?.requests ?? []).map(() => ({ reading: { container: 'ok' } }))) })
      })`)
    const reader = aReader({ size: 1, workerUrl: busy, timeLimitMs: 1600 })
    const readings = [reader.read(ofText('x'))]
    await setImmediate()
    readings.push(reader.read(ofText('y')))
    expect(await Promise.all(readings)).toMatchObject([{ container: 'ok' }, { container: 'ok' }])
  })
  test('that cannot even be ended holds up nobody', async () => {
    const stuck = worker(`${SETUP}
      parentPort.on('message', ({ id, name, input }) => {
        if (name === 'read' && input.requests.some(({ format }) => format === 'slow')) Bun.sleepSync(60_000)
        else parentPort.postMessage({ kind: 'done', id, output: JSON.stringify(input.requests.map(() => ({ reading: { container: 'ok' } }))) })
      })`)
    const reader = aReader({ size: 1, workerUrl: stuck, timeLimitMs: 100 })
    expect(await rejection(reader.read({ ...ofText('x'), format: 'slow' }))).toMatchObject({ code: 'invalid_input' })
    expect(await reader.read(ofText('x'))).toMatchObject({ container: 'ok' })
    void rejection(reader.read({ ...ofText('x'), format: 'slow' }))
    await setImmediate()
    await reader.close()
  })
  test('that crashes fails what it crashed of, and another takes its place', async () => {
    const crashing = worker(`${SETUP}
      parentPort.on('message', ({ id, name, input }) => {
        if (input.requests.some(({ format }) => format === 'crash')) process.exit(7)
        parentPort.postMessage({ kind: 'done', id, output: JSON.stringify(input.requests.map(() => ({ reading: { container: 'ok' } }))) })
      })`)
    const reader = aReader({ size: 1, workerUrl: crashing })
    const sameMessage = [ofText('x'), { ...ofText('x'), format: 'crash' }, ofText('y')].map((one) => reader.read(one))
    await setImmediate()
    const nextMessage = reader.read(ofText('z'))
    const [before, crash, behind] = sameMessage
    expect(await rejection(crash as Promise<unknown>)).toMatchObject({ code: 'internal' })
    expect(await Promise.all([before, behind, nextMessage])).toMatchObject(Array(3).fill({ container: 'ok' }))
  })
})

describe('a thread', () => {
  const worker = (answer: string): URL =>
    new URL(
      `data:text/javascript,${encodeURIComponent(`
        import { parentPort, threadId } from 'node:worker_threads'
        parentPort.postMessage({ kind: 'ready' })
        const reading = { container: String(threadId) }
        const outputs = {
          read: ({ requests }) => JSON.stringify(requests.map(() => ({ reading }))),
          readObjectInfo: () => threadId,
        }
        parentPort.on('message', ({ id, name, input }) => {
          ${answer}
          parentPort.postMessage({ kind: 'done', id, output: outputs[name](input) })
        })`)}`,
    )

  test('that works does not end as an idle one, whatever it works on', async () => {
    const busy = worker(`if (input !== 'quick' && name !== 'read') Bun.sleepSync(600)`)
    const reader = aReader({ size: 1, workerUrl: busy, idleMs: 100 })
    const { container } = await reader.read(ofText('x'))
    const [first, second] = await Promise.all([reader.readObjectInfo('slow'), reader.readObjectInfo('quick')])
    expect([first, second].map(String)).toEqual([container, container])
  })
  test('that has nothing to do ends, whatever it did last', async () => {
    const reader = aReader({ size: 1, workerUrl: worker(''), idleMs: 1 })
    const first = await reader.readObjectInfo('')
    // Each question keeps it for a while: another one answers once it was left alone for long enough.
    while ((await reader.readObjectInfo('')) === first) await setTimeout(20)
  })
  test('that is ended because of one message takes no other along', async () => {
    const stuck = worker(`if (name === 'read') Bun.sleepSync(60_000)`)
    const reader = aReader({ size: 1, workerUrl: stuck, timeLimitMs: 100 })
    const slow = rejection(reader.read(ofText('x')))
    await setImmediate()
    expect(await reader.readObjectInfo('')).toBeGreaterThan(0)
    expect(await slow).toMatchObject({ code: 'invalid_input' })
  })
})

test('nodes that wait to be read are cancelled when it closes', async () => {
  const reader = aReader({ size: 1 })
  void rejection(reader.read(ofText(INFOTEXT.repeat(100))))
  await setImmediate()
  const waiting = rejection(reader.readObjectInfo('{}'))
  await reader.close()
  expect(await waiting).toMatchObject({ code: 'cancelled' })
  expect(await rejection(reader.readObjectInfo('{}'))).toMatchObject({ code: 'cancelled' })
})

test('what waits when it closes is cancelled', async () => {
  const reader = aReader({ size: 1 })
  const waiting = Array.from({ length: 100 }, () => rejection(reader.read(ofText(INFOTEXT.repeat(100)))))
  await reader.close()
  const codes = new Set((await Promise.all(waiting)).map((error) => Reflect.get(Object(error), 'code')))
  expect([...codes]).toEqual(['cancelled'])
  expect(await rejection(reader.read(ofText('x')))).toMatchObject({ code: 'cancelled' })
})
