import { connect, type Socket } from 'node:net'

export interface LoadOptions {
  readonly port: number
  readonly connections: number
  readonly requests: number
  /** The whole request, head and body, of request number `at`. */
  readonly request: (at: number) => string
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

/**
 * Keep-alive connections over bare sockets, one request each at a time: a full HTTP client would need more of the
 * two cores than the server that is measured.
 */
export async function load({ port, connections, requests, request }: LoadOptions): Promise<LoadResult> {
  let next = 0
  let errors = 0
  const latencies: number[] = []
  const begin = performance.now()
  await Promise.all(Array.from({ length: connections }, () => drive(connect(port, '127.0.0.1'))))
  const seconds = (performance.now() - begin) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return { perSecond: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99), errors }

  function drive(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let sent = 0
      let received = ''
      const send = (): void => {
        if (next >= requests) {
          socket.end()
          resolve()
          return
        }
        sent = performance.now()
        socket.write(request(next))
        next += 1
      }
      socket.setNoDelay(true)
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
        const head = received.indexOf('\r\n\r\n')
        if (head < 0) return
        const length = Number(/content-length: *(\d+)/i.exec(received.slice(0, head))?.[1] ?? 0)
        if (received.length < head + 4 + length) return
        if (!received.startsWith('HTTP/1.1 2')) errors += 1
        latencies.push(performance.now() - sent)
        received = ''
        send()
      })
    })
  }
}

/** A request with a JSON body, or without one. */
export function httpRequest(method: string, path: string, headers: Record<string, string>, body?: string): string {
  const all = {
    host: '127.0.0.1',
    connection: 'keep-alive',
    ...headers,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`
}
