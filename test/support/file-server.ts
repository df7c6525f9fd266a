import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerRange, type Conduct, type FileBytes, type FileRequest, readRange } from './range-answer.ts'

// Whoever starts one says how it is to behave.
export type { Conduct, FileBytes, FileRequest }

export interface FileServer {
  readonly url: string
  readonly host: string
  readonly requests: readonly FileRequest[]
  /** Bytes of bodies that went out. */
  sentBytes(): number
  /** How many of the bytes from `begin` to `end` went out. */
  sentOf(begin: number, end: number): number
  /** Resolves when an answer has fallen silent. */
  stalled(): Promise<void>
  /** Answers under way, and the most of them at one moment. */
  atOnce(): number
  mostAtOnce(): number
  /** Resolves when so many requests have come. */
  asked(requests: number): Promise<void>
  close(): Promise<void>
}

/** A storage that serves one file, ranges included, and misbehaves as it is told for each request. */
export async function startFileServer(
  file: FileBytes,
  conduct: (request: FileRequest) => Conduct | undefined = () => undefined,
  port = 0,
): Promise<FileServer> {
  const requests: FileRequest[] = []
  const sent: [begin: number, end: number][] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let atOnce = 0
  let most = 0
  let onStall: () => void = () => {}
  const stalled = new Promise<void>((resolve) => {
    onStall = resolve
  })

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = { index: requests.length, path: message.url ?? '', headers: message.headers, ...readRange(message) }
    requests.push(request)
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve()
    await answerRange(message, response, {
      file,
      how: conduct(request) ?? {},
      headers: { etag: '"one"' },
      onSent: (begin, end) => sent.push([begin, end]),
      onStall,
    })
  }

  const server = createServer((message, response) => {
    atOnce += 1
    most = Math.max(most, atOnce)
    response.once('close', () => {
      atOnce -= 1
    })
    response.on('error', () => {})
    void answer(message, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/store/model.safetensors`,
    host,
    requests,
    sentBytes: () => sent.reduce((sum, [begin, end]) => sum + end - begin, 0),
    sentOf: (begin, end) =>
      sent.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0),
    stalled: () => stalled,
    atOnce: () => atOnce,
    mostAtOnce: () => most,
    asked: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
