import { connect } from 'node:net'

export interface Reply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Whether as much came as the answer announced. */
  readonly complete: boolean
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Reads this many bytes, then nothing until the promise is kept. */
  readonly pause?: { readonly afterBytes: number; readonly until: (received: number) => Promise<unknown> }
}

/** One request over a connection of its own; the answer as it came, whether or not it came to its end. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, pause }: AskOptions = {},
): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    let received = 0
    let paused = false
    const lines = Object.entries({ connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}\r\n`)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      received += chunk.byteLength
      if (pause === undefined || paused || received < pause.afterBytes) return
      paused = true
      socket.pause()
      void pause.until(received).then(() => socket.resume())
    })
    socket.on('close', () => resolve(parseReply(Buffer.concat(chunks), method)))
  })
}

function parseReply(bytes: Buffer, method: string): Reply {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, Math.max(0, headEnd)).toString('latin1').split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  const status = Number(first.split(' ')[1])
  const rest = bytes.subarray(headEnd + 4)
  if (headers['transfer-encoding'] === 'chunked') return { status, headers, ...dechunk(rest) }
  const announced = method === 'HEAD' || status === 304 ? 0 : Number(headers['content-length'] ?? 0)
  return { status, headers, body: rest, complete: headEnd >= 0 && rest.byteLength === announced }
}

function dechunk(bytes: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    if (size === 0) return { body: Buffer.concat(parts), complete: bytes.indexOf('\r\n\r\n', at) >= 0 }
    if (Number.isNaN(size)) return { body: Buffer.concat(parts), complete: false }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
