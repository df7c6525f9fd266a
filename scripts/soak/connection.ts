import { connect, type Socket } from 'node:net'
import { httpRequest } from '../bench/load.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One keep-alive connection that answers one request at a time, and is gone when it is closed. */
export interface Connection {
  /** @throws Error for a status of 400 and more, and when the connection ends first */
  request(method: string, path: string, body?: object): Promise<Answer>
  close(): Promise<void>
}

export function openConnection(port: number): Connection {
  let socket: Socket | undefined

  function ask(on: Socket, text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0)
      const done = (): void => {
        on.off('data', onData)
        on.off('close', onClose)
      }
      const onClose = (): void => {
        done()
        reject(new Error('the connection was closed before the answer'))
      }
      const onData = (chunk: Buffer): void => {
        received = Buffer.concat([received, chunk])
        const head = received.indexOf('\r\n\r\n')
        if (head < 0) return
        const headers = received.subarray(0, head).toString('latin1')
        const length = Number(/^content-length: *(\d+)/im.exec(headers)?.[1] ?? 0)
        if (received.length < head + 4 + length) return
        done()
        resolve({ status: Number(headers.slice(9, 12)), body: received.subarray(head + 4).toString('utf8') })
      }
      on.on('data', onData)
      on.on('close', onClose)
      on.write(text)
    })
  }

  return {
    async request(method, path, body) {
      if (socket === undefined || socket.destroyed) {
        socket = connect(port, '127.0.0.1').setNoDelay(true)
        // Its end rejects whoever waits.
        socket.on('error', () => {})
      }
      const text = httpRequest(method, path, {}, body === undefined ? undefined : JSON.stringify(body))
      const answer = await ask(socket, text)
      if (answer.status >= 400) throw new Error(`${method} ${path} was answered with ${answer.status}: ${answer.body}`)
      return answer
    },
    async close() {
      const last = socket
      socket = undefined
      if (last === undefined || last.destroyed) return
      await new Promise<void>((resolve) => {
        last.once('close', () => resolve())
        last.destroy()
      })
    },
  }
}
