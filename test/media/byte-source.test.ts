import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesSource, fdSource, openFile, openFileSync } from '../../src/media/byte-source.ts'
import { readMetadata } from '../../src/media/read-metadata.ts'

let dir: string
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'airkeep-source-')))
})
afterEach(() => rm(dir, { recursive: true }))

const content = Buffer.from('0123456789')

describe('reads like a slice', () => {
  const rows: readonly (readonly [offset: number, length: number, text: string])[] = [
    [0, 4, '0123'],
    [8, 4, '89'],
    [10, 4, ''],
    [400, 4, ''],
    [3, 0, ''],
  ]
  test.each(rows)('%i for %i', async (offset, length, text) => {
    const path = join(dir, 'digits')
    await writeFile(path, content)
    const file = await openFile(path)
    expect(file.sizeBytes).toBe(10)
    for (const source of [fdSource(file.fd, file.sizeBytes), bytesSource(content)]) {
      expect(source.sizeBytes).toBe(10)
      expect(Buffer.from(source.read(offset, length)).toString()).toBe(text)
    }
    expect(Buffer.from(await file.readAt(offset, length)).toString()).toBe(text)
    await file.close()
  })
})

test('a file that shrinks while it is open gives what is left', async () => {
  const path = join(dir, 'digits')
  await writeFile(path, content)
  const file = await openFile(path)
  await truncate(path, 4)
  expect(fdSource(file.fd, file.sizeBytes).read(2, 8)).toHaveLength(2)
  expect(await file.readAt(2, 8)).toHaveLength(2)
  await file.close()
})

test('a folder, a device, a FIFO and what is not there are refused without waiting', async () => {
  await mkdir(join(dir, 'folder'))
  expect(Bun.spawnSync(['mkfifo', join(dir, 'fifo')]).exitCode).toBe(0)
  const refused = (path: string) => openFile(path).catch((error: unknown) => error)
  expect(await refused(join(dir, 'folder'))).toMatchObject({ code: 'invalid_input' })
  expect(await refused('/dev/zero')).toMatchObject({ code: 'invalid_input' })
  expect(await refused(join(dir, 'fifo'))).toMatchObject({ code: 'invalid_input' })
  expect(await refused(join(dir, 'nothing'))).toMatchObject({ code: 'not_found' })
  expect(await refused(join(dir, 'n\0ul'))).toMatchObject({ code: 'invalid_input' })
})

test('what is no file is not even opened by a thread: a FIFO would let its writer go, a device may act', async () => {
  const path = join(dir, 'socket')
  const server = createServer().listen(path)
  await once(server, 'listening')
  try {
    // Opening a socket fails by itself, and says so otherwise.
    expect(() => openFileSync(path)).toThrow('it is not a regular file')
    expect(() => openFileSync(join(dir, 'nothing'))).toThrow('there is no such file')
  } finally {
    server.close()
  }
})

describe('exactly the file of that path', () => {
  const refused = (path: string) => openFile(path, { exact: true }).catch((error: unknown) => error)

  test('is opened', async () => {
    const path = join(dir, 'digits')
    await writeFile(path, content)
    const file = await openFile(path, { exact: true })
    expect(file.sizeBytes).toBe(10)
    await file.close()
  })

  test('and no other, to which a symlink leads', async () => {
    await mkdir(join(dir, 'folder'))
    await writeFile(join(dir, 'folder/digits'), content)
    await symlink(join(dir, 'folder/digits'), join(dir, 'link'))
    await symlink(join(dir, 'folder'), join(dir, 'linked'))
    for (const path of ['link', 'linked/digits', 'linked', 'folder/../folder/digits']) {
      expect(await refused(`${dir}/${path}`)).toMatchObject({
        code: 'forbidden',
        message: 'The path is outside the folders that callers with a token may name',
      })
    }
    expect(await refused(join(dir, 'nothing'))).toMatchObject({ code: 'not_found' })
  })
})

describe('containers are told by content', () => {
  const rows: readonly (readonly [name: string, bytes: Uint8Array, container: string, texts: number])[] = [
    ['a text', Buffer.from('a cat\nSteps: 4'), 'text', 1],
    ['a text with a byte order mark', Buffer.from('\uFEFFa cat'), 'text', 1],
    ['a text that stops being one', Buffer.concat([Buffer.alloc(5000, 'a'), Buffer.from([0xff])]), 'text', 0],
    ['nothing', Buffer.alloc(0), 'unknown', 0],
    ['noise', Buffer.from([0, 1, 2, 3]), 'unknown', 0],
  ]
  test.each(rows)('%s', (_, bytes, container, count) => {
    const found = readMetadata(bytesSource(bytes))
    expect(found.container).toBe(container)
    expect(found.texts).toHaveLength(count)
    expect(found.warnings).toHaveLength(count === 0 ? 1 : 0)
    expect(found.texts.every(({ text }) => text.startsWith('a cat'))).toBe(true)
  })

  test('a text that is larger than the limit is left out', () => {
    const { texts, warnings } = readMetadata(bytesSource(content), { textBytes: 9, totalBytes: 100 })
    expect(texts).toEqual([])
    expect(warnings[0]?.reason).toContain('larger than the limit')
  })
})
