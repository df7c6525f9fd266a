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
import { join } from 'node:path'
import type { ServedModel } from '../../../src/http/files/model-source.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { runtimes } from '../runtimes.ts'
import { ask, type Reply } from './ask.ts'
import { openDescriptors, settled } from './descriptors.ts'
import { someBytes, writeModel } from './model-on-disk.ts'

const BYTES = someBytes(1000)
const OTHER = someBytes(1000, 9)
/** More than sockets take at once. */
const LARGE = someBytes(48 * 2 ** 20, 4)

describe.each(runtimes())('a model file that changed, on %s,', (runtime, start) => {
  let dir: TempDir
  beforeAll(() => {
    dir = tempDir()
  })
  afterAll(() => dir[Symbol.dispose]())

  let count = 0
  const fresh = (bytes: Uint8Array): ServedModel => {
    count += 1
    return writeModel(join(dir.path, `${runtime}-${count}`), bytes)
  }

  test.each<readonly [what: string, change: (path: string) => void]>([
    ['is removed', (path) => rmSync(path)],
    ['has become shorter', (path) => truncateSync(path, 999)],
    ['has become longer', (path) => writeFileSync(path, 'x', { flag: 'a' })],
    ['was written to', (path) => writeFileSync(path, OTHER)],
    ['was touched', (path) => utimesSync(path, 1, 1)],
    [
      'is another file now',
      (path) => {
        writeFileSync(`${path}.new`, OTHER)
        renameSync(`${path}.new`, path)
      },
    ],
    [
      'is a folder now',
      (path) => {
        rmSync(path)
        mkdirSync(path)
      },
    ],
    [
      'is a symlink to itself elsewhere now',
      (path) => {
        renameSync(path, `${path}.real`)
        symlinkSync(`${path}.real`, path)
      },
    ],
  ])('%s: a conflict, and nothing stays open', async (_what, change) => {
    const model = fresh(BYTES)
    await using t = await start({ files: { models: [model] } })
    const { port } = await t.listen()
    const path = `/v1/models/download?hash=${model.sha256}`
    expect((await ask(port, path)).status).toBe(200)
    change(model.path)
    const reply = await ask(port, path, { headers: { range: 'bytes=0-9' } })
    expect([reply.status, JSON.parse(reply.body.toString()).code]).toEqual([409, 'conflict'])
    expect(reply.body.toString()).not.toContain(dir.path)
    await settled(() => openDescriptors(t.pid, dir.path) === 0)
  })

  test('in a folder that is a symlink now: a conflict', async () => {
    mkdirSync(join(dir.path, `${runtime}-folder`))
    const model = writeModel(join(dir.path, `${runtime}-folder`, 'model'), BYTES)
    await using t = await start({ files: { models: [model] } })
    const { port } = await t.listen()
    renameSync(join(dir.path, `${runtime}-folder`), join(dir.path, `${runtime}-moved`))
    symlinkSync(join(dir.path, `${runtime}-moved`), join(dir.path, `${runtime}-folder`))
    expect((await ask(port, `/v1/models/download?hash=${model.sha256}`)).status).toBe(409)
  })

  /** The answer to a request in whose middle the file is changed. */
  async function during(change: (path: string) => void, bandwidth = 0): Promise<Reply> {
    const model = fresh(LARGE)
    await using t = await start({ files: { models: [model], bandwidth } })
    const { port } = await t.listen()
    const reply = await ask(port, `/v1/models/download?hash=${model.sha256}`, {
      pause: { afterBytes: 1, until: async () => change(model.path) },
    })
    await settled(() => openDescriptors(t.pid, dir.path) === 0)
    return reply
  }

  test('in the middle, into another file: is sent as it was', async () => {
    const reply = await during((path) => {
      writeFileSync(`${path}.new`, OTHER)
      renameSync(`${path}.new`, path)
    })
    expect(reply.complete).toBe(true)
    expect(reply.body.equals(LARGE)).toBe(true)
  })

  test('in the middle, and is shorter: the connection is cut off', async () => {
    const reply = await during((path) => truncateSync(path, 2 ** 20))
    expect(reply.status).toBe(200)
    expect(reply.complete).toBe(false)
  })

  const overwrite = (path: string): void => {
    const fd = openSync(path, 'r+')
    writeSync(fd, OTHER, 0, 1000, LARGE.length - 1000)
    closeSync(fd)
  }

  // What Bun leaves to the kernel goes on: whoever fetched it finds the digest wrong.
  test.each([...(runtime === 'Bun' ? [] : [0]), 2 ** 32])(
    'in the middle, in place: the connection is cut off (bandwidth %d)',
    async (bandwidth) => {
      const reply = await during(overwrite, bandwidth)
      expect(reply.status).toBe(200)
      expect(reply.complete).toBe(false)
      expect(reply.body.equals(LARGE.subarray(0, reply.body.length))).toBe(true)
    },
  )
})
