import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { ServedModel } from '../../../src/http/files/model-source.ts'
import { runIn } from '../../support/command.ts'
import { needs } from '../../support/requires.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { runtimes } from '../runtimes.ts'
import type { World } from '../world.ts'
import { ask } from './ask.ts'
import { bytesTaken, openDescriptors, settled } from './descriptors.ts'
import { someBytes, writeModel } from './model-on-disk.ts'

/** More than sockets take at once. */
const LARGE = someBytes(24 * 2 ** 20, 4)

describe.each(runtimes())('transfers from %s', (_runtime, start) => {
  let dir: TempDir
  let model: ServedModel
  let path: string
  beforeAll(() => {
    dir = tempDir()
    model = writeModel(join(dir.path, 'model'), LARGE)
    path = `/v1/models/download?hash=${model.sha256}`
  })
  afterAll(() => dir[Symbol.dispose]())

  /** A client that has begun to receive and reads no further. */
  function stalled(port: number, headers = ''): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`)
      socket.once('data', () => {
        socket.pause()
        resolve(socket)
      })
    })
  }

  const openNow = async (t: World): Promise<number> =>
    Number(/^airkeep_http_file_transfers_open (\d+)$/m.exec(await t.metrics.text())?.[1])

  test('of one client at once are limited; others are not hindered, and places come back', async () => {
    await using t = await start({ files: { models: [model], connections: 3 } })
    const { port } = await t.listen()
    const bearer = async (name: string): Promise<string> =>
      `Authorization: Bearer ${await t.token(name, 'models:serve')}\r\n`
    const [one, other] = [await bearer('one'), await bearer('other')]
    const headers = { authorization: one.slice(15, -2) }
    const sockets = await Promise.all([0, 1, 2].map(() => stalled(port, one)))
    expect(await openNow(t)).toBe(3)
    const refused = await ask(port, path, { headers })
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'rate_limited' })
    // The whole file would be read for them.
    expect((await ask(port, `/v1/models/chunks/${model.sha256}`, { headers })).status).toBe(429)
    expect((await ask(port, `/v1/models/chunks/${model.sha256}/0`, { headers, method: 'HEAD' })).status).toBe(429)
    expect((await ask(port, path, { headers, method: 'HEAD' })).status).toBe(200)
    expect((await ask(port, path, { headers: { ...headers, 'if-none-match': '*' } })).status).toBe(304)
    sockets.push(await stalled(port, other))
    sockets[0]?.destroy()
    await settled(async () => (await openNow(t)) === 3)
    const again = await ask(port, path, { headers })
    expect([again.status, again.complete]).toEqual([200, true])
    for (const socket of sockets) socket.destroy()
    await settled(async () => (await openNow(t)) === 0)
    expect(openDescriptors(t.pid, dir.path)).toBe(0)
  })

  test('one after another never meet the limit', async () => {
    await using t = await start({ files: { models: [model], connections: 1 } })
    const { port } = await t.listen()
    for (const range of ['bytes=0-', 'bytes=5-4194308', 'bytes=-1', 'bytes=0-9000000', 'bytes=0-0']) {
      // The end of one is seen by the client before it may be seen by the server: whoever is told so comes back.
      await settled(async () => (await ask(port, path, { headers: { range } })).status === 206)
    }
    expect((await ask(port, path, { headers: { range: 'bytes=99999999-' } })).status).toBe(416)
    expect((await ask(port, '/v1/models/download?hash=0')).status).toBe(400)
    await settled(async () => (await openNow(t)) === 0)
  })

  test('that are aborted leave nothing open', async () => {
    await using t = await start({ files: { models: [model], connections: 0 } })
    const { port } = await t.listen()
    for (let round = 0; round < 10; round += 1) {
      const sockets = await Promise.all(
        Array.from({ length: 20 }, (_, at) => stalled(port, at % 4 === 0 ? 'Range: bytes=0-99\r\n' : '')),
      )
      for (const socket of sockets) socket.destroy()
    }
    await settled(() => openDescriptors(t.pid, dir.path) === 0)
    await settled(async () => (await openNow(t)) === 0)
    expect((await ask(port, path)).body.equals(LARGE)).toBe(true)
  })

  test.each([0, 2 ** 40])('to slow readers wait on the disk, not in memory (bandwidth %d)', async (bandwidth) => {
    await using t = await start({ files: { models: [model], connections: 0, bandwidth } })
    const { port } = await t.listen()
    await ask(port, path)
    const before = bytesTaken(t.pid)
    const sockets = await Promise.all(Array.from({ length: 20 }, () => stalled(port)))
    // Whatever is going to be read ahead has been by the time that other answers have gone out.
    for (let count = 0; count < 20; count += 1) await ask(port, path, { method: 'HEAD' })
    // What sockets take, and a part in hand for each: not half of what was asked for.
    expect(bytesTaken(t.pid) - before).toBeLessThan((20 * LARGE.length) / 2)
    for (const socket of sockets) socket.destroy()
  })

  test('share the bandwidth of their client', async () => {
    const bandwidth = 40 * 2 ** 20
    await using t = await start({ files: { models: [model], bandwidth } })
    const { port } = await t.listen()
    const begun = performance.now()
    const ranges = ['bytes=0-8388607', 'bytes=8388608-16777215', 'bytes=16777216-16777300']
    const replies = await Promise.all(ranges.map((range) => ask(port, path, { headers: { range } })))
    expect(Buffer.concat(replies.map(({ body }) => body)).equals(LARGE.subarray(0, 16_777_301))).toBe(true)
    // At least so long; how much longer is the machine's business. The last piece of each goes at once.
    expect(performance.now() - begun).toBeGreaterThan(((16_777_216 - 3 * (bandwidth / 16)) / bandwidth) * 1000)
  })

  test.skipIf(!needs('curl'))('go on with curl where they broke off', async () => {
    await using t = await start({ files: { models: [model] } })
    const { url } = await t.listen()
    const target = join(dir.path, 'curl')
    await Bun.write(target, LARGE.subarray(0, 10_000_001))
    const args = ['-sS', '-C', '-', '-o', target, '-w', '%{http_code} %{size_download}', `${url}${path}`]
    const { stdout, exitCode } = await runIn(dir.path, ['curl', ...args])
    expect([exitCode, stdout]).toEqual([0, `206 ${LARGE.length - 10_000_001}`])
    expect(Buffer.from(await Bun.file(target).arrayBuffer()).equals(LARGE)).toBe(true)
  })

  test.skipIf(!needs('aria2c')).each([8, 16])(
    'over %d connections of aria2c arrive whole, under the defaults',
    async (connections) => {
      await using t = await start({ files: { models: [model] } })
      const { url } = await t.listen()
      const args = [
        `-x${connections}`,
        `-s${connections}`,
        '-k1M',
        '--no-conf',
        '--allow-overwrite=true',
        '--max-tries=1',
      ]
      const named = ['-d', dir.path, '-o', `aria-${connections}`, `--checksum=sha-256=${model.sha256}`, `${url}${path}`]
      const { stdout, exitCode } = await runIn(dir.path, ['aria2c', ...args, ...named])
      expect(stdout).toContain('(OK):download completed')
      expect(exitCode).toBe(0)
    },
  )
})
