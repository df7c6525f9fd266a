import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { aPng } from '../support/build.ts'
import { pour, redirect, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
beforeAll(async () => {
  track = await openTrack()
})
afterAll(() => track.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** A world in which something happens to each file after it was checked and before it is opened. */
async function openRacy(meanwhile: () => void): Promise<Track & AsyncDisposable> {
  const world = await openTrack(({ localFiles }) => ({
    localFiles: {
      ...localFiles,
      async find(path, actor) {
        const found = await localFiles.find(path, actor)
        meanwhile()
        return found
      },
    },
  }))
  return { ...world, [Symbol.asyncDispose]: () => world.close() }
}

const hash = (path: string, call = {}) => track.invoke('calculate_sha256', { path }, call)

describe('calculate_sha256', () => {
  test.each([0, 1, 4_100, 4_101, 1_000_000])('of %p bytes, as a file, by file URL and by URL', async (size) => {
    const bytes = Buffer.alloc(size, 'airkeep ')
    const path = join(track.dir, `spaced name ${size}.bin`)
    writeFileSync(path, bytes)
    const served = track.civitai.serve(`${size}.bin`, bytes)
    for (const source of [path, pathToFileURL(path).href, served, served.replace('http:', 'HTTP:')]) {
      expect(await hash(source)).toEqual({ sha256sum: sha256(bytes), size_bytes: size, path: source })
    }
  })

  test('follows symlinks and redirects', async () => {
    const target = join(track.dir, 'target.bin')
    const link = join(track.dir, 'link.bin')
    writeFileSync(target, 'x')
    symlinkSync(target, link)
    expect(await hash(link)).toMatchObject({ sha256sum: sha256(Buffer.from('x')), path: link })
    const served = track.civitai.serve('moved.bin', Buffer.from('x'))
    const server = await startRawServer(() => redirect(served))
    expect(await hash(`http://127.0.0.1:${server.port}/`)).toMatchObject({ sha256sum: sha256(Buffer.from('x')) })
    await server.close()
  })

  test('many at once', async () => {
    const served = track.civitai.serve('many.bin', Buffer.alloc(300_000, 7))
    const answers = await Promise.all(Array.from({ length: 20 }, () => hash(served)))
    expect(new Set(answers.map(({ sha256sum }) => sha256sum))).toEqual(new Set([sha256(Buffer.alloc(300_000, 7))]))
  })

  test.each([
    ['/there/is/no/such/file', 'not_found'],
    ['relative/path', 'invalid_input'],
    ['~/file', 'invalid_input'],
    ['/dev/zero', 'invalid_input'],
    ['/', 'invalid_input'],
    ['s3:bucket/key', 'invalid_input'],
    ['s3://bucket', 'invalid_input'],
    ['ftp://example.com/x', 'invalid_input'],
    ['javascript:alert(1)', 'invalid_input'],
    ['http://', 'invalid_input'],
    ['http://127.0.0.1:1/', 'forbidden'],
    ['http://10.0.0.1/', 'forbidden'],
    ['http://[::1]:8080/', 'forbidden'],
    ['http://user:password@example.com/', 'forbidden'],
    [`/${'x'.repeat(5_000)}`, 'invalid_input'],
  ])('%s is %s', async (path, code) => {
    expect(await rejection(hash(path))).toMatchObject({ code })
  })

  test('a FIFO is refused at once, not waited for', async () => {
    const fifo = join(track.dir, 'fifo')
    execFileSync('mkfifo', [fifo])
    expect(await rejection(hash(fifo))).toMatchObject({ code: 'invalid_input' })
  })

  test('a redirect to a file of this host is refused', async () => {
    const server = await startRawServer(() => redirect('file:///etc/hostname'))
    expect(await rejection(hash(`http://127.0.0.1:${server.port}/`))).toMatchObject({ code: 'forbidden' })
    await server.close()
  })

  test('no part of a signed address comes back in an error', async () => {
    const asked = hash(`${track.civitai.url}/files/none?X-Amz-Signature=abc123`)
    expect(await rejection(asked)).toMatchObject({
      message: `Cannot fetch ${track.civitai.url}/files/none: it answered 404`,
    })
  })

  test('cancelling stops a body without end', async () => {
    const stop = new AbortController()
    const server = await startRawServer(() => (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      pour(socket, Buffer.alloc(65_536))
    })
    const progress = ({ done }: { done: number }): void => {
      if (done > 4 * 2 ** 20) stop.abort()
    }
    const asked = hash(`http://127.0.0.1:${server.port}/`, { signal: stop.signal, progress })
    expect(await rejection(asked)).toMatchObject({ code: 'cancelled' })
    await server.idle()
    await server.close()
  })

  test.each([
    ['a symlink in the place of the file', 'public/a.png'],
    ['a symlink in the place of its folder', 'public'],
  ])('a caller with a token reads no other file than was checked: %s', async (_what, swapped) => {
    using outside = tempDir()
    const secret = join(outside.path, 'a.png')
    writeFileSync(secret, aPng())
    const actor = aTokenActor('bot-7', 'track:read', 'track:write')
    let place = ''
    await using world = await openRacy(() => {
      renameSync(join(place, swapped), join(place, 'aside'))
      symlinkSync(swapped === 'public' ? outside.path : secret, join(place, swapped))
    })
    for (const ask of [
      (path: string) => world.invoke('calculate_sha256', { path }, { actor }),
      (path: string) =>
        world.invoke('create_asset', { asset_url: path, asset_type: 'image', asset_source: 'upload' }, { actor }),
    ]) {
      place = join(world.dir, 'place')
      rmSync(place, { recursive: true, force: true })
      mkdirSync(join(place, 'public'), { recursive: true })
      const path = join(place, 'public/a.png')
      writeFileSync(path, aPng())
      expect(await rejection(ask(path))).toMatchObject({
        code: 'forbidden',
        message: 'The path is outside the folders that callers with a token may name',
      })
    }
  })

  test('a caller with a token may read below the roots alone', async () => {
    const actor = aTokenActor('bot-7', 'track:read')
    const path = join(track.dir, 'open.bin')
    writeFileSync(path, 'x')
    expect(await hash(path, { actor })).toMatchObject({ size_bytes: 1 })
    expect(await rejection(hash('/etc/hostname', { actor }))).toMatchObject({ code: 'forbidden' })
    expect(await rejection(hash('https://example.com/x', { actor }))).toMatchObject({ code: 'forbidden' })
  })
})
