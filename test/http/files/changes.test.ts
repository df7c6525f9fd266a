import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { ServedModel } from '../../../src/http/files/model-source.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { runtimes } from '../runtimes.ts'
import { startApp } from '../test-app.ts'
import type { World } from '../world.ts'
import { ask, type Reply } from './ask.ts'
import { openDescriptors, settled } from './descriptors.ts'
import { someBytes, writeModel } from './model-on-disk.ts'
import { aModelSource } from './model-source.ts'

const BYTES = someBytes(1000)
const OTHER = someBytes(1000, 9)
/** More than sockets take at once. */
const LARGE = someBytes(24 * 2 ** 20, 4)

const replace = (path: string): void => {
  writeFileSync(`${path}.new`, OTHER)
  renameSync(`${path}.new`, path)
}

/** Changes its end, and neither its name nor its size. */
function overwrite(path: string): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, OTHER, 0, 1000, LARGE.length - 1000)
  closeSync(fd)
}

const linkBack = (path: string): void => {
  renameSync(path, `${path}.real`)
  symlinkSync(`${path}.real`, path)
}

const BEFORE: readonly (readonly [what: string, change: (path: string) => void])[] = [
  ['is removed', (path) => rmSync(path)],
  ['has become shorter', (path) => truncateSync(path, 999)],
  ['has become longer', (path) => writeFileSync(path, 'x', { flag: 'a' })],
  ['was written to', (path) => writeFileSync(path, OTHER)],
  ['was touched', (path) => utimesSync(path, 1, 1)],
  ['is another file now', replace],
  [
    'is a folder now',
    (path) => {
      rmSync(path)
      mkdirSync(path)
    },
  ],
  ['is behind a symlink now', linkBack],
  ['is in a folder that is a symlink now', (path) => linkBack(dirname(path))],
]

/** Begins to receive a file, changes it, and receives the rest. */
const during = (
  port: number,
  model: ServedModel,
  change: (path: string) => void,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  ask(port, `/v1/models/download?hash=${model.sha256}`, {
    headers,
    pause: { afterBytes: 2 ** 17, until: async () => change(model.path) },
  })

describe.each(runtimes())('a model file that changed, on %s,', (runtime, start) => {
  let dir: TempDir
  let t: World
  let port: number
  const models: ServedModel[] = []
  const write = (name: string, bytes: Uint8Array): ServedModel => {
    mkdirSync(join(dir.path, name))
    // Each has a digest of its own, by which it is asked for.
    const model = writeModel(join(dir.path, name, 'model'), bytes, {
      sha256: models.length.toString().padStart(64, '0'),
    })
    models.push(model)
    return model
  }
  let large: readonly ServedModel[]
  beforeAll(async () => {
    dir = tempDir()
    for (const [at] of BEFORE.entries()) write(`before-${at}`, BYTES)
    large = [0, 1, 2].map((at) => write(`during-${at}`, LARGE))
    t = await start({ files: { models } })
    port = (await t.listen()).port
  })
  afterAll(async () => {
    await t[Symbol.asyncDispose]()
    dir[Symbol.dispose]()
  })
  const closed = (): Promise<void> => settled(() => openDescriptors(t.pid, dir.path) === 0)

  test.each(BEFORE.map(([what, change], at) => [what, change, at] as const))(
    '%s: a conflict, and nothing stays open',
    async (_what, change, at) => {
      const model = models[at]
      if (model === undefined) throw new Error('no such model')
      const path = `/v1/models/download?hash=${model.sha256}`
      expect((await ask(port, path)).status).toBe(200)
      change(model.path)
      const reply = await ask(port, path, { headers: { range: 'bytes=0-9' } })
      expect([reply.status, JSON.parse(reply.body.toString()).code]).toEqual([409, 'conflict'])
      expect(reply.body.toString()).not.toContain(dir.path)
      await closed()
    },
  )

  const change = async (at: number, how: (path: string) => void, headers?: Record<string, string>): Promise<Reply> => {
    const model = large[at]
    if (model === undefined) throw new Error('no such model')
    const reply = await during(port, model, how, headers)
    await closed()
    return reply
  }

  test('in the middle, into another file: is sent as it was', async () => {
    const reply = await change(0, replace)
    expect(reply.complete).toBe(true)
    expect(reply.body.equals(LARGE)).toBe(true)
  })

  test('in the middle, and is shorter: the connection is cut off', async () => {
    // Also where it was to be kept: the next answer would be taken for the rest of this one.
    const reply = await change(1, (path) => truncateSync(path, 2 ** 20), { connection: 'keep-alive' })
    expect([reply.status, reply.complete]).toEqual([200, false])
  })

  test('in the middle, in place: the connection is cut off where the bytes pass through the program', async () => {
    if (runtime === 'Node') {
      const reply = await change(2, overwrite)
      expect([reply.status, reply.complete]).toEqual([200, false])
      expect(reply.body.equals(LARGE.subarray(0, reply.body.length))).toBe(true)
      return
    }
    const model = large[2]
    if (model === undefined) throw new Error('no such model')
    // A limit that limits nothing.
    await using paced = await start({ files: { models: [model], bandwidth: 2 ** 40 } })
    const reply = await during((await paced.listen()).port, model, overwrite)
    expect([reply.status, reply.complete]).toEqual([200, false])
    expect(reply.body.equals(LARGE.subarray(0, reply.body.length))).toBe(true)
    await closed()
  })
})

describe('what the kernel sends', () => {
  test('cannot be taken back when it changes in place, but that is logged', async () => {
    using dir = tempDir()
    const model = writeModel(join(dir.path, 'model'), LARGE)
    await using t = await startApp({ files: aModelSource({ models: [model] }) })
    const { port } = await t.listen()
    const reply = await during(port, model, overwrite)
    expect([reply.status, reply.body.length]).toEqual([200, LARGE.length])
    await settled(() => t.log.some(({ message }) => message === 'A model file changed while it was sent'))
    expect((await ask(port, `/v1/models/download?hash=${model.sha256}`)).status).toBe(409)
  })
})
