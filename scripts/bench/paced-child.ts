/**
 * `PATH PER_CONNECTION TOTAL`: serves a file with ranges at so many bytes a second of each connection and of all
 * together (0: no limit), without the second's worth that nginx's limit_rate sends at once on every request. Prints its
 * port.
 */
import { open } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const [path = '', perConnection = '0', total = '0'] = process.argv.slice(2)
const file = await open(path)
const { size, mtimeMs } = await file.stat()

const CATCH_UP_MS = 250

/** Nothing is sent before its time, from the first byte on; what a busy machine made late is made up for at once. */
function createPace(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let due = performance.now()
  return async (bytes) => {
    if (bytesPerSecond === 0) return
    const now = performance.now()
    due = Math.max(due, now - CATCH_UP_MS) + (bytes / bytesPerSecond) * 1_000
    if (due > now) await pause(due - now)
  }
}

const ofAll = createPace(Number(total))
const SLICE = 256 * 1024

async function send(response: ServerResponse, begin: number, end: number): Promise<void> {
  const ofThis = createPace(Number(perConnection))
  for (let at = begin; at < end && !response.destroyed; ) {
    const buffer = Buffer.allocUnsafe(Math.min(SLICE, end - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    await Promise.all([ofThis(bytesRead), ofAll(bytesRead)])
    at += bytesRead
    if (!response.write(buffer.subarray(0, bytesRead)) && !response.destroyed) {
      await roomIn(response)
    }
  }
  response.end()
}

/** Resolves when there is room again, or the connection is gone. */
const roomIn = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })

const server = createServer((request, response) => {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const begin = Number(first ?? 0)
  const end = last === undefined || last === '' ? size : Math.min(Number(last) + 1, size)
  response.writeHead(first === undefined ? 200 : 206, {
    'content-length': end - begin,
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${mtimeMs}-${size}"`,
    ...(first === undefined ? {} : { 'content-range': `bytes ${begin}-${end - 1}/${size}` }),
  })
  response.on('error', () => {})
  if (request.method === 'HEAD') response.end()
  else void send(response, begin, end).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
